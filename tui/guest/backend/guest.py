"""Installs, starts, monitors and stops programs in a guest, over a Shell.

The scripts use only POSIX sh and busybox's tools, because a guest may have no more. A program and its state are files
in one folder of the guest, so any later app, on any host, finds it again. The workload uses the app's folder itself;
each other program uses a subfolder.
"""

import platform
import re
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.command import Completed
from tui.core.failure import Failure
from tui.core.protocols import Shell
from tui.core.threads import on_thread
from tui.guest.model.cloud_init import RUNNING, CloudInit, parse_cloud_init
from tui.guest.model.heartbeat import HeartbeatSpec
from tui.guest.model.rate import NewestOutput, parse_newest_output
from tui.guest.model.workload import WorkloadSpec, WorkloadStatus, one_line, parse_status
from workloads import folder as sources

OnProgress = Callable[[str], None]

COMPILE_LIMIT_S = 180.0  # an emulated guest's compiler is slow
SEND_LIMIT_S = 60.0
REPLY_LIMIT_S = 60.0  # an emulated guest on a slow computer takes half a minute for a script of a few programs
TRIM_EVERY_S, LOG_KIB = 5, 1024
NO_COMPILER = 69  # exit status of INSTALL: EX_UNAVAILABLE of sysexits.h
RUNS_ALREADY = 75  # exit status of START: EX_TEMPFAIL

# In a compiler's output: the most informative line, and what it contains if a part of the compiler is missing.
REASON = r"\b(error|fatal)\b|cannot find -l"  # ld's line comes before gcc's "ld returned 1"
MISSING = r"not found|\.h:|cannot find -l"

WORKLOAD = ""  # the workload's subfolder; that of any other program is "/" and a name

# The first argument of every script is the subfolder.
FOLDER = "folder=${XDG_CACHE_HOME:-$HOME/.cache}/vmlm$1; shift"

# The source beside a program, under its final name, marks the program as complete. It is moved last, after a sync:
# after a power cut (force off) a new file may have its name but not its content.
KEEP = 'sync; mv -f "$making/$1" "$1" && mv -f "$source" "$1.c"'

# Each build uses its own folder, because the build of a killed app may still run. A shell that a signal ends (as when
# the guest agent restarts) may skip the EXIT trap.
MAKING = """mkdir -p "$folder" && cd "$folder" || exit 73
for each in making.*; do [ -d "/proc/${each#making.}" ] || rm -rf "$each"; done
making=making.$$
trap 'rm -rf "$making"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$making" && mkdir "$making" || exit 73"""

# $1: program; stdin: its source. Compiles it unless the same source was compiled before.
INSTALL = f"""{FOLDER}
{MAKING}
source=$making/$1.c
cat > "$source" || exit 73
if [ -s "$1" ] && cmp -s "$source" "$1.c"; then exit 0; fi
for cc in cc gcc tcc clang; do command -v "$cc" > /dev/null && break; cc=; done
if [ -z "$cc" ]; then mv -f "$source" "new-$1.c"; uname -m; exit {NO_COMPILER}; fi
(cd "$making" && "$cc" -O2 -pthread -o "$1" "$1.c" -lm) && {{ {KEEP}; }}
"""

# $1: program, $2: its size in bytes; stdin: the program, compiled elsewhere. The size is checked because stdin also
# ends if the connection breaks.
PUT = f"""{FOLDER}
{MAKING}
source=new-$1.c
cat > "$making/$1" || exit 73
[ "$(wc -c < "$making/$1")" -eq "$2" ] || {{ rm -f "$source"; echo "only part of $1 was received" >&2; exit 73; }}
chmod 700 "$making/$1" && {{ {KEEP}; }}
"""

# In the program's folder: sets $alive to the PID of the running process, else to "", and $pid and $boot.
ALIVE = """alive=; pid=; began=
[ -s pid ] && read -r pid began < pid
boot=; [ "$(cat boot 2> /dev/null)" = "$(cat /proc/sys/kernel/random/boot_id)" ] && boot=this
[ -n "$pid" ] && [ -n "$boot" ] && [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2> /dev/null)" = "$began" ] && alive=$pid"""

# $1: workload, $2: its command line for display, $3: its working folder ("": the home), then its command line, whose
# words are never parsed by the shell, nor as options of the starting command.
# The program outlives this shell: it has its own session, no terminal and no open pipes.
# A process is identified by its PID and start time, because PIDs are reused; both are invalid after a reboot.
# It leads its own process group, so that its children can be ended with it.
# When systemd restarts a service (the guest agent), it kills everything that the service has started, even in other
# sessions. If systemd runs and permits it, the program therefore gets its own scope.
# A custom command may print without end: its log is cut to the newest lines from time to time.
# Two clients may start a program at once: the lock is kept until the PID is written, and the second one starts none.
START = f"""{FOLDER}
mkdir -p "$folder" && cd "$folder" && exec 9> lock || exit 73
command -v flock > /dev/null && flock 9
{ALIVE}
if [ -n "$alive" ]; then
  echo "another client has just started $(sed -n 's/^name //p' what) there"
  exit {RUNS_ALREADY}
fi
workload=$1 shown=$2; shift 2
rm -f pid ended gone
: > log
printf 'name %s\\noptions %s\\n' "$workload" "$shown" > what || exit 73
cat /proc/sys/kernel/random/boot_id > boot
detach=setsid; command -v setsid > /dev/null || detach=nohup
scope="systemd-run --scope --quiet"
[ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && $scope true < /dev/null > /dev/null 2>&1 || scope=
$scope "$detach" sh -c '
  known=$PWD
  own=$1
  cd -- "${{1:-$HOME}}"; shift
  command -v setsid > /dev/null && set -- setsid -- "$@"
  "$@" >> "$known/log" 2>&1 9>&- &
  program=$!
  echo "$program $(cut -d" " -f22 /proc/$program/stat)" > "$known/pid"
  exec 9>&-
  trim=
  if [ -z "$own" ]; then
    while sleep {TRIM_EVERY_S}; do
      find "$known/log" -size +{LOG_KIB}k | while read -r _; do
        tail -c 4000 "$known/log" > "$known/newest"
        cat "$known/newest" > "$known/log"
      done
    done &
    trim=$!
  fi
  wait "$program"
  echo "$?" > "$known/ended"
  [ -z "$trim" ] || kill "$trim"
' sh "$@" < /dev/null > /dev/null 2>&1 &
"""

# Runs ALIVE; exits if the program was never started.
FIND = f"""{FOLDER}
cd "$folder" 2> /dev/null && [ -f what ] || exit 0
{ALIVE}
"""

# Prints a word and its value on each line, see model.workload.parse_status. The exit status is recorded a moment after
# the program ends, later on a busy guest: waits for it once.
STATUS = f"""{FIND}
cat what
if [ -z "$alive" ] && [ -n "$pid" ] && [ -n "$boot" ] && [ ! -s ended ] && [ ! -e gone ]; then sleep 1; : > gone; fi
if [ -n "$alive" ]; then echo "running $alive"
elif [ -s ended ]; then echo "ended $(cat ended)"
elif [ -z "$pid" ] && [ -n "$boot" ]; then echo starting
else echo gone
fi
[ -n "$alive" ] || grep '^error=' log | head -n 3 | sed 's/^/line /'
tail -c 4000 log | tail -n 3 | sed 's/^/line /'
"""

# A cheaper STATUS for a poll every second: only the newest lines; several, because the last poll may be long ago.
NEWEST_OUTPUT = f"""{FOLDER}
cd "$folder" 2> /dev/null && [ -f what ] && [ ! -s ended ] || exit 0
while read -r line; do printf '%s\\n' "$line"; done < what
tail -c 4000 log | sed 's/^/line /'
"""

# Every address of the guest, separated by white space; the one that this ssh connection uses comes first.
ADDRESSES = """set -- $SSH_CONNECTION
echo "${3:-}"
ip -o address show 2> /dev/null | while read -r _ _ family address _; do
  case $family in inet | inet6) echo "$address" ;; esac
done
hostname -I 2> /dev/null
true
"""

# cloud-init writes result.json at its end. If a unit has failed so that it never will, prints that in the same form.
CLOUD_INIT = f"""[ -e /run/cloud-init/enabled ] || exit 0
if [ -s /run/cloud-init/result.json ]; then cat /run/cloud-init/result.json
else
  for each in cloud-init-local cloud-init cloud-config cloud-final; do
    systemctl is-failed -q "$each" 2> /dev/null || continue
    printf '{{"v1": {{"errors": ["%s failed, and cloud-init wrote no result"]}}}}\n' "$each.service"
    exit 0
  done
  echo {RUNNING}
fi
"""

# $1: the signal. The process may end before it arrives.
SIGNAL = f"""{FIND}
[ -z "$alive" ] || kill -"$1" "-$alive" 2> /dev/null || kill -"$1" "$alive" || [ ! -e "/proc/$alive" ]
"""


async def source_of(program: str) -> bytes:
    """The C source of one of the app's programs."""
    return await on_thread((sources() / f"{program}.c").read_bytes)


class Guest:
    """One program, running or not, in the guest that `shell` leads to; `subfolder` holds its state.

    `here` is a shell on this host, to compile what the guest can't.
    """

    def __init__(self, shell: Shell, here: Shell, name: str, subfolder: str = WORKLOAD) -> None:
        self._shell = shell
        self._here = here
        self._name = name
        self._subfolder = subfolder

    async def ping(self) -> None:
        """Run an empty command; Failure if the guest can't be reached."""
        await self._run("true", REPLY_LIMIT_S)

    async def cloud_init(self) -> CloudInit:
        """The progress of cloud-init."""
        return parse_cloud_init((await self._run(CLOUD_INIT, REPLY_LIMIT_S)).stdout)

    async def install(self, program: str, source: bytes, on_progress: OnProgress) -> None:
        """Compile the program in the guest, or on this host if the guest has no compiler; Failure if neither can."""
        on_progress(f"compiling {program} in the guest")
        done = await self._run(INSTALL, COMPILE_LIMIT_S, program, stdin=source)
        if done.status == NO_COMPILER:
            binary = await self._build_here(program, source, done.stdout.strip(), on_progress)
            on_progress(f"sending {program} to the guest")
            done = await self._run(PUT, SEND_LIMIT_S, program, str(len(binary)), stdin=binary)
        if done.status:
            raise self._failure(f"{program} could not be installed in {self._name}", done, "in the guest")

    async def start(self, spec: WorkloadSpec | HeartbeatSpec) -> None:
        """Start an installed program; returns before it has printed anything."""
        shown = " ".join((spec.program, *spec.options))
        await self._start(spec.name, shown, ".", f"./{spec.program}", *spec.options)

    async def start_command(self, name: str, command: Sequence[str]) -> None:
        """Start a command of the guest in the home folder; returns before it has printed anything."""
        await self._start(name, one_line(shlex.join(command)), "", *command)

    async def _start(self, name: str, shown: str, folder: str, *command: str) -> None:
        done = await self._run(START, REPLY_LIMIT_S, name, shown, folder, *command)
        if done.status:
            raise self._failure(f"{name} could not be started in {self._name}", done)

    async def status(self) -> WorkloadStatus:
        """The status of the workload."""
        return parse_status(await self.status_text())

    async def status_text(self) -> str:
        """The output of STATUS, for model.workload.parse_status or model.heartbeat.parse_heartbeat."""
        return await self._read(STATUS)

    async def newest_output(self) -> NewestOutput:
        """The newest lines, at little cost to the guest; does not check whether the program still runs."""
        return parse_newest_output(await self._read(NEWEST_OUTPUT))

    async def _read(self, script: str) -> str:
        done = await self._run(script, REPLY_LIMIT_S)
        if done.status:
            raise self._failure(f"The status of {self._what} in {self._name} could not be read", done)
        return done.stdout

    async def addresses(self) -> str:
        """The output of ADDRESSES, for model.heartbeat.parse_addresses."""
        return (await self._run(ADDRESSES, REPLY_LIMIT_S)).stdout

    async def signal(self, name: str) -> None:
        """Send the running program TERM or KILL; does nothing if none runs."""
        done = await self._run(SIGNAL, REPLY_LIMIT_S, name)
        if done.status:
            raise self._failure(f"{self._what.capitalize()} in {self._name} could not be stopped", done)

    @property
    def _what(self) -> str:
        return f"the {self._subfolder.strip('/') or 'workload'}"

    async def _build_here(self, program: str, source: bytes, machine: str, on_progress: OnProgress) -> bytes:
        on_progress(f"the guest has no compiler: building {program} on this host")
        if machine != platform.machine():
            raise Failure(
                f"{program} can't be built for {self._name}",
                f"it has no C compiler, and this host builds for {platform.machine()}, not for {machine}",
                "Install gcc in the guest.",
            )
        with tempfile.TemporaryDirectory(prefix="vmlm-") as folder:
            file, result = Path(folder) / f"{program}.c", Path(folder) / program
            file.write_bytes(source)
            compile_it = ["cc", "-O2", "-static", "-pthread", "-o", str(result), str(file), "-lm"]
            done = await self._here.run(compile_it, timeout=COMPILE_LIMIT_S)
            if done.status:
                what = f"{self._name} has no C compiler, and {program} could not be built on this host"
                raise self._failure(what, done, "in the guest, or on this host")
            return result.read_bytes()

    async def _run(self, script: str, limit_s: float, *words: str, stdin: bytes = b"") -> Completed:
        return await self._shell.run(["sh", "-c", script, "sh", self._subfolder, *words], stdin=stdin, timeout=limit_s)

    def _failure(self, what: str, done: Completed, where: str = "") -> Failure:
        """Gives the most informative line of the output as the reason, such as a compiler's first error.

        `where`, given for a compilation, is where missing parts of a compiler can be installed.
        """
        lines = (done.stderr.strip() or done.stdout.strip() or f"status {done.status}").splitlines()
        first = next((line for line in lines if re.search(REASON, line, re.IGNORECASE)), lines[-1])
        hint = f"Install gcc and libc6-dev {where}." if where and re.search(MISSING, first) else ""
        return Failure(what, first.strip(), hint, detail="\n".join(lines))
