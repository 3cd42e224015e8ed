import { expect, test } from 'vitest';
import { freePort } from '../../core/testing/free-port.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { launchBrowser, visit } from './browser.ts';
import { RunningProcess } from './process.ts';

/** What stands in the editor about a node that it does not take as it is. */
const INVALID = `(() => {
  const problems = [];
  const look = (node) => { if (!node.valid) problems.push([node.type, node.validationErrors]); };
  RED.nodes.eachNode(look);
  RED.nodes.eachConfig(look);
  return problems;
})()`;

describeWith('chromium')('in a browser', () => {
  test.each([
    ['en-GB', 'sluice valve', 'Lease, min', 'Opens a valve (or a pump) for a lease'],
    ['zh-CN', '阀门', '租约（分钟）', '按租约打开阀门（或水泵）'],
  ])(
    '%s: the example is valid, and nodes speak the language; nothing is asked of anybody else',
    async (locale, palette, label, help) => {
      const port = await freePort();
      const options = ['--port', String(port), '--data', temporaryFolder()];
      const program = new RunningProcess('gateway/node-red/start.ts', options);
      const [, url] = await program.prints(/Node-RED: (http:\/\/\S+)\//);
      const browser = await launchBrowser();
      try {
        const { page, complaints } = await visit(browser, `${url}/`, { locale });
        await page.waitForSelector('.red-ui-flow-node');
        expect(await page.evaluate(INVALID)).toEqual([]);
        await page.getByText(palette, { exact: true }).first().waitFor();
        await page.evaluate(`RED.editor.edit(RED.nodes.node('sluice-irrigate-valve'))`);
        await page.getByText(label, { exact: true }).waitFor();
        await page.evaluate(`RED.sidebar.help.show('sluice-valve')`);
        await page.getByText(help).first().waitFor();
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});
