"""Tries the migration ports: one Perl program listens on them, another connects from the other host."""

from collections.abc import Iterable
from dataclasses import dataclass

from tui.core.quantity import whole

OPEN, REFUSED, SILENT = "open", "refused", "silent"  # or an error text of the system, such as "No route to host"

READY = "ready"

# Arguments: first port, last port, seconds to live, and a token that ends it earlier. It leaves nothing behind.
LISTENER = r"""
use strict;
use Errno;
use Socket qw(:DEFAULT IPPROTO_IPV6 IPV6_V6ONLY pack_sockaddr_in6);
my ($first, $last, $limit, $end) = @ARGV;
my %open;
$| = 1;
$SIG{ALRM} = sub { exit };
alarm $limit;
sub listens {
  my ($family, $where) = @_;
  socket(my $socket, $family, SOCK_STREAM, 0) or return;
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 0) if $family == AF_INET6;
  bind($socket, $where) and listen($socket, 8) or return;
  $open{fileno $socket} = [$socket, 1];
}
for my $port ($first .. $last) {
  my $done = listens(AF_INET6, pack_sockaddr_in6($port, "\0" x 16))
    || !$!{EADDRINUSE} && listens(AF_INET, pack_sockaddr_in($port, INADDR_ANY));
  print $done ? "listening $port\n" : "in_use $port\n";
}
print "ready\n";
while (1) {
  my $wanted = "";
  vec($wanted, $_, 1) = 1 for keys %open;
  select($wanted, undef, undef, undef) > 0 or next;
  for my $number (grep { vec($wanted, $_, 1) } keys %open) {
    my ($socket, $listens) = @{$open{$number}};
    if ($listens) {
      if (accept(my $client, $socket)) { $open{fileno $client} = [$client, 0] }
    } else {
      my $read = sysread($socket, my $text, 256);
      exit if $read and index($text, $end) >= 0;
      delete $open{$number} unless $read;
    }
  }
}
"""

# Arguments: address, seconds to try, the token for the listener, ports. Prints the outcome of each port.
CONNECTOR = r"""
use strict;
use Errno;
use IO::Handle;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
my ($address, $limit, $end, @ports) = @ARGV;
my ($six, $four) = (inet_pton(AF_INET6, $address), inet_pton(AF_INET, $address));
my (%waiting, $open);
sub report { my ($port, $what) = @_; $what = "refused" if $!{ECONNREFUSED}; print "$port $what\n" }
for my $port (@ports) {
  socket(my $socket, $six ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or die "$!\n";
  $socket->blocking(0);
  my $where = $six ? pack_sockaddr_in6($port, $six) : pack_sockaddr_in($port, $four);
  if (connect($socket, $where) or $!{EINPROGRESS}) { $waiting{fileno $socket} = [$socket, $port] }
  else { report($port, "$!") }
}
my $until = time + $limit;
while (%waiting and time < $until) {
  my $wanted = "";
  vec($wanted, $_, 1) = 1 for keys %waiting;
  select(undef, $wanted, undef, 0.25) > 0 or next;
  for my $number (grep { vec($wanted, $_, 1) } keys %waiting) {
    my ($socket, $port) = @{delete $waiting{$number}};
    $! = unpack("i", getsockopt($socket, SOL_SOCKET, SO_ERROR));
    if ($! + 0) { report($port, "$!") } else { print "$port open\n"; $open = $socket }
  }
}
print "$_->[1] silent\n" for values %waiting;
if ($open) { $open->blocking(1); syswrite($open, "$end\n") }
"""


@dataclass(frozen=True)
class Tried:
    """The outcome of a connection to each port; `in_use` are ports of other programs, which were not tried."""

    address: str
    outcomes: tuple[tuple[int, str], ...]
    in_use: tuple[int, ...] = ()

    def ports(self, outcome: str) -> tuple[int, ...]:
        """The ports with this outcome."""
        return tuple(port for port, each in self.outcomes if each == outcome)

    @property
    def closed(self) -> dict[str, tuple[int, ...]]:
        """The ports that are not open, by outcome."""
        kinds = dict.fromkeys(outcome for _, outcome in self.outcomes if outcome != OPEN)
        return {kind: self.ports(kind) for kind in kinds}


def parse_listener(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Parse the output of LISTENER: the ports that it listens on, and those in use."""
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    listening, in_use = (
        tuple(port for kind, text in lines if kind == wanted and (port := whole(text)) is not None)
        for wanted in ("listening", "in_use")
    )
    return listening, in_use


def parse_connector(text: str) -> tuple[tuple[int, str], ...]:
    """Parse the output of CONNECTOR: each port with its outcome, sorted."""
    lines = (line.partition(" ") for line in text.splitlines())
    return tuple(sorted((port, outcome) for text, _, outcome in lines if (port := whole(text)) is not None))


def ranges(ports: Iterable[int]) -> str:
    """Ports as text: "49152-49160, 49165"."""
    spans: list[list[int]] = []
    for port in sorted(ports):
        if spans and spans[-1][1] == port - 1:
            spans[-1][1] = port
        else:
            spans.append([port, port])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
