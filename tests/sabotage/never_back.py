"""A SuperNode that hangs for good once it has lost its connection to the SuperLink.

It is Flower's own, with everything it starts, stopped (SIGSTOP) in that moment; REAL_SUPERNODE names its executable.
"""

import contextlib
import os
import subprocess
import sys
import time

import psutil

port = int(sys.argv[sys.argv.index("--superlink") + 1].rpartition(":")[2])
supernode = subprocess.Popen([os.environ["REAL_SUPERNODE"], *sys.argv[1:]])


def connected():
    with contextlib.suppress(psutil.Error):
        sockets = psutil.Process(supernode.pid).net_connections(kind="tcp")
        return any(s.status == psutil.CONN_ESTABLISHED and s.raddr and s.raddr.port == port for s in sockets)
    return False


has_been, missing = False, 0
# Three looks in a row: a reconnection that succeeds at once is no loss.
while supernode.poll() is None and missing < 3:
    now = connected()
    has_been = has_been or now
    missing = missing + 1 if has_been and not now else 0
    time.sleep(0.2)
if supernode.poll() is None:
    for process in [psutil.Process(supernode.pid), *psutil.Process(supernode.pid).children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            process.suspend()
sys.exit(supernode.wait())
