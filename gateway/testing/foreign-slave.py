"""A Modbus slave that nobody here wrote: pymodbus (Debian: python3-pymodbus), speaking RTU over TCP, or Modbus TCP.

    python3 foreign-slave.py PORT UNIT JSON [rtu|tcp] [HOST]

JSON maps table to values from address 0: {"coil": [...], "discrete": [...], "input": [...], "holding": [...]}.
"""

import json
import sys
import types

# pymodbus imports pyserial also where it serves TCP, and Debian only recommends that package.
for name in ("serial", "serial_asyncio"):
    try:
        __import__(name)
    except ImportError:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].create_serial_connection = None

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server import StartTcpServer

port, unit, tables = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
framing, host = (sys.argv[4:] + ["rtu", "127.0.0.1"][len(sys.argv) - 4 :])[:2]


def block(table):
    return ModbusSequentialDataBlock(0, tables.get(table, [0]))


slave = ModbusSlaveContext(
    co=block("coil"), di=block("discrete"), ir=block("input"), hr=block("holding"), zero_mode=True
)
StartTcpServer(
    context=ModbusServerContext(slaves={unit: slave}, single=False),
    framer=ModbusSocketFramer if framing == "tcp" else ModbusRtuFramer,
    address=(host, port),
)
