"""Commands of apt and dpkg that install packages and remove them again."""

from tui.linux.change import Command
from tui.linux.packages import Package

INSTALL_LIMIT_S = 1200.0  # for a slow mirror and a slow disk; apt's output is displayed meanwhile
UPDATE_LIMIT_S = 600.0
DAY_S = 86_400

QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l")  # asks nothing, restarts no other service
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120")

# Copies a symbolic link as a link.
KEEP = """for each; do
  if [ -e "$each" ] || [ -L "$each" ]; then cp -pPT -- "$each" "$each.vmlm-kept"; fi
done"""
RETURN = """for each; do
  kept=$each.vmlm-kept
  if [ -e "$kept" ] || [ -L "$kept" ]; then mv -fT -- "$kept" "$each"; fi
  rm -f -- "$each.ucf-dist"
done"""
# Runs a command in which the scripts of packages can't delete the users and groups named in $1. They call deluser and
# delgroup without a path. Below /var/lib/dpkg programs can always be executed, below /tmp not everywhere.
SPARE = """spared=$1; shift
folder=$(mktemp -d /var/lib/dpkg/vmlm-tui.XXXXXX) || exit
trap 'rm -rf -- "$folder"' EXIT
for each in deluser delgroup; do
  cat > "$folder/$each" <<END
#!/bin/sh
for each; do
  case " $spared " in *" \\$each "*) exit 0 ;; esac
done
exec /usr/sbin/$each "\\$@"
END
  chmod 755 "$folder/$each"
done
PATH=$folder:$PATH "$@\""""
REMOVE_USERS = 'for each; do if getent passwd "$each" > /dev/null; then userdel "$each"; fi; done'


def update(host: str, *, may_fail: bool = False) -> Command:
    """Updates the package lists; with `may_fail`, one broken source does not prevent the installation."""
    argv: tuple[str, ...] = (*APT, "update")
    if may_fail:
        argv = ("sh", "-c", f"{' '.join(argv)} || echo 'Not all package lists could be updated.'")
    return Command(host, argv, timeout_s=UPDATE_LIMIT_S)


def install(host: str, *names: str) -> Command:
    """Installs packages without those they only recommend."""
    argv = (*QUIET, *APT, "install", "-y", "--no-install-recommends", *names)
    return Command(host, argv, timeout_s=INSTALL_LIMIT_S)


def install_note(package: Package) -> str:
    """What a person must know before the package is installed."""
    note = f"Installs {len(package.new)} packages: {', '.join(package.new)}."
    if package.upgraded:
        note += f" Upgrades {', '.join(package.upgraded)}; undoing does not downgrade them."
    return note


def removal(
    host: str, package: Package, kept: tuple[str, ...], users: tuple[str, ...], spared: tuple[str, ...] = ()
) -> tuple[Command, ...]:
    """The commands that remove everything that was installed with a package.

    They use dpkg, because it fails where apt would also remove packages that were installed later and depend on these.
    A purge removes even configuration that the packages did not create. So the files `kept`, which existed before, are
    saved meanwhile, and packages whose configuration existed before (`residual`) are not purged. `users` are the users
    that the packages create and do not remove; `spared` are users and groups that existed before, which a purge would
    delete.
    """
    purged = tuple(name for name in package.new if name not in package.residual)
    steps = [("--purge", purged)] if purged else []
    if package.residual:  # all at once, because they depend on each other
        steps.insert(0, ("--remove", package.new))
    run = (*QUIET, "sh", "-c", SPARE, "sh", " ".join(spared)) if spared else QUIET
    commands = []
    if kept:
        commands.append(Command(host, ("sh", "-c", KEEP, "sh", *kept)))
    commands += [Command(host, (*run, "dpkg", how, *names), timeout_s=INSTALL_LIMIT_S) for how, names in steps]
    if kept:
        commands.append(Command(host, ("sh", "-c", RETURN, "sh", *kept)))
    if users:
        commands.append(Command(host, ("sh", "-c", REMOVE_USERS, "sh", *users)))
    return tuple(commands)
