"""What setting up and undoing may leave on a machine: files of /etc, folders of images, mounts, packages."""

# One `name<tab>what it is` a line. What the system itself mounts is nobody's set-up, and /etc/passwd- and the like are
# what passwd's own tools keep of the version before, as often as a package makes a user and one is removed.
TRACES = r"""
export LC_ALL=C
find /etc /var/lib/libvirt* -printf '%p\t%y %m %U:%G %l\n'
find /etc -type f ! -path '/etc/passwd-' ! -path '/etc/shadow-' ! -path '/etc/group-' ! -path '/etc/gshadow-' \
  -exec sha256sum -- {} + | sed 's/^\(\S*\)  \(.*\)$/content of \2\t\1/'
awk '$2 !~ "^/(dev|proc|run|sys)(/|$)" { print "mount on " $2 "\t" $1 " " $3 " " $4 }' /proc/self/mounts
dpkg-query -W -f 'package ${Package}\t${db:Status-Abbrev} ${Version}\n'
"""


def parse_traces(text: str) -> dict[str, str]:
    """Each thing by its name, such as `/etc/fstab`, `content of /etc/fstab`, `mount on /`, `package sudo`."""
    lines = (line.partition("\t") for line in text.splitlines())
    return {name: what for name, _, what in lines}
