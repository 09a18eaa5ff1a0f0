"""A real Slurm on this one machine: a controller and two virtual nodes, one of them with a GPU that is /dev/null."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")

# Memory and cores are those that jobs are given on paper. Jobs that use more memory than they asked for are killed.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd-%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=60
KillWait=2
MinJobAge=3600
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=DEFAULT CPUs=2 CoresPerSocket=2 RealMemory=32000
NodeName=gpu-node NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} Gres=gpu:1 Weight=2
NodeName=cpu-node NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} Weight=1
PartitionName=main Nodes=gpu-node,cpu-node Default=YES MaxTime=INFINITE State=UP
"""
NODES = ("gpu-node", "cpu-node")
_OWNER = "TEST_CLUSTER_DAEMON"


def missing() -> str | None:
    """Why no cluster can be started here; None if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"no Slurm here: {', '.join(absent)} not found (Debian's packages slurm-wlm and munge)"
    return None if os.geteuid() == 0 else "starting a Slurm needs root"


class Cluster:
    """A cluster in a folder of its own; nothing outside it is touched."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self.folder = folder
        # Slurm's daemons insist that nobody else can write where they keep things; jobs run as the same user.
        for name in ("bin", "etc", "log", "munge", "run", "state", *(f"spool/{node}" for node in NODES)):
            (folder / name).mkdir(parents=True, mode=0o755)
        host = socket.gethostname().split(".")[0]
        text = CONFIGURATION.format(host=host, folder=folder, ports=_free_ports(3))
        (folder / "etc" / "slurm.conf").write_text(text, encoding="utf-8")
        gres = "AutoDetect=off\nNodeName=gpu-node Name=gpu File=/dev/null\n"
        (folder / "etc" / "gres.conf").write_text(gres, encoding="utf-8")
        # The executor plugin starts a job's inner srun without SLURM_CONF; a cluster has it at the default place.
        srun = folder / "bin" / "srun"
        script = f'#!/bin/sh\nSLURM_CONF={self._configuration} exec {shutil.which("srun")} "$@"\n'
        srun.write_text(script, encoding="utf-8")
        srun.chmod(0o755)
        path = f"{srun.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "SLURM_CONF": str(self._configuration), "PATH": path}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        try:
            self._start_authentication()
            self.start_controller()
            for node in NODES:
                self.start_node(node)
        except BaseException:
            self.stop()
            raise

    @property
    def _configuration(self) -> Path:
        return self.folder / "etc" / "slurm.conf"

    def _start_authentication(self) -> None:
        munge = self.folder / "munge"
        key = munge / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        files = {"socket": munge / "socket", "key-file": key, "pid-file": munge / "pid", "seed-file": munge / "seed"}
        arguments = [f"--{name}={path}" for name, path in files.items()]
        self._start("munged", "munged", "--foreground", "--force", *arguments)
        self._wait("munged", (munge / "socket").exists)

    def start_controller(self) -> None:
        """Start the controller, with the state that an earlier one left."""
        self._start("controller", "slurmctld", "-D", "-f", str(self._configuration))
        self._wait("controller", lambda: "is UP" in self._ask("scontrol", "ping"))

    def stop_controller(self) -> None:
        """End the controller as for an update of Slurm: it saves its state."""
        daemon = self._daemons.pop("controller")
        daemon.terminate()
        daemon.wait(timeout=60)

    def start_node(self, node: str) -> None:
        """Start a node and wait until jobs can run there."""
        self._start(node, "slurmd", "-D", "-N", node, "-f", str(self._configuration))
        ready = {"idle", "mixed", "allocated", "completing"}
        self._wait(node, lambda: self._ask("sinfo", "-h", "-n", node, "-o", "%T").strip() in ready)

    def kill_node(self, node: str) -> None:
        """End a node with all that runs there, as if its power failed; the controller need not wait to notice."""
        self._kill(node)
        self._ask("scontrol", "update", f"nodename={node}", "state=down", "reason=killed")

    def cancel(self, job: str) -> None:
        """Cancel a job, as its user or an administrator would."""
        subprocess.run(["scancel", job], env=self.environment, check=True, timeout=60)

    def jobs(self) -> list[dict[str, str]]:
        """Every job that was submitted, in the order of submission, as `scontrol show job` describes it."""
        lines = self._ask("scontrol", "--oneliner", "show", "jobs").splitlines()
        found = [dict(re.findall(r"(?:^| )([A-Z][A-Za-z/:]*)=(\S*)", line)) for line in lines if "JobId=" in line]
        return sorted(found, key=lambda job: int(job["JobId"]))

    def stop(self) -> None:
        """End everything that belongs to the cluster."""
        for name in list(self._daemons):
            self._kill(name)

    def _ask(self, *command: str) -> str:
        # An empty answer while the controller is away.
        asked = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        return asked.stdout

    def _start(self, name: str, *command: str) -> None:
        # Slurm's step daemons inherit the mark of the node that starts them.
        environment = {**self.environment, _OWNER: f"{self.folder}:{name}"}
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            program = shutil.which(command[0]) or command[0]
            self._daemons[name] = subprocess.Popen([program, *command[1:]], env=environment, stdout=log, stderr=log)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not ready():
            if self._daemons[name].poll() is not None or time.monotonic() > end:
                log = (self.folder / "log" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"{name} does not come up:\n{log[-3000:]}")
            time.sleep(0.1)

    def _kill(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.kill()
        daemon.wait()
        # Slurm's step daemons, which are nobody's children, and below them the jobs.
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                # Not psutil's environ(), which ends where such a daemon has written its title over it.
                if f"{_OWNER}={self.folder}:{name}\0".encode() in Path(f"/proc/{process.pid}/environ").read_bytes():
                    for one in [process, *process.children(recursive=True)]:
                        with contextlib.suppress(psutil.Error):
                            one.kill()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
