#!/bin/sh
# Puts the pinned Node where npm scripts look for programs, if npm has not done so. npm 10, which comes with Node 20 and 22,
# takes the packages of all platforms in our lock file for rivals for the one name `node`, and links none of them.
for node in node_modules/node-*/bin/node; do
  [ -e node_modules/.bin/node ] || [ ! -x "$node" ] || ln -s "../${node#node_modules/}" node_modules/.bin/node
done
