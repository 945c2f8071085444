"""Measures the bandwidth between two hosts: one Perl program receives, another sends from the other host."""

from tui.core.quantity import number, whole

READY = "ready"
SKIPPED_S = 0.2  # TCP begins slowly
SENT_S = 1.0  # after these
# perl-base has no Time::HiRes; times() counts in hundredths of a second.
CLOCK = "sub now { return (POSIX::times())[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK()) }"

# Arguments: first port, last port, seconds to live, seconds to skip, and the token with which the sender begins; other
# connections are closed. It listens on the first free port, and prints "moved" with bytes and seconds. While it waits,
# it prints a line a second: closing an ssh session does not end its command, but a line that nobody reads does.
RECEIVER = rf"""
use strict;
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_IPV6 IPV6_V6ONLY pack_sockaddr_in6);
my ($first, $last, $limit, $skip, $token) = @ARGV;
$| = 1;
alarm $limit;
{CLOCK}
sub listens {{
  my ($family, $where) = @_;
  socket(my $socket, $family, SOCK_STREAM, 0) or return;
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 0) if $family == AF_INET6;
  return bind($socket, $where) && listen($socket, 8) ? $socket : undef;
}}
my ($server, $port);
for $port ($first .. $last) {{
  $server = listens(AF_INET6, pack_sockaddr_in6($port, "\0" x 16))
    || listens(AF_INET, pack_sockaddr_in($port, INADDR_ANY)) or next;
  print "listening $port\n{READY}\n";
  last;
}}
die "all ports from $first to $last are in use\n" unless $server;
sub ready {{
  my $wanted = "";
  vec($wanted, fileno $_[0], 1) = 1;
  return select($wanted, undef, undef, 1) > 0;
}}
while (1) {{
  unless (ready($server)) {{
    print "waiting\n" or exit;
    next;
  }}
  accept(my $client, $server) or next;
  ready($client) or next;
  my $read = sysread($client, my $begin, length $token);
  next unless $read and $begin eq $token;
  my ($began, $from, $until, $bytes) = (now(), 0, 0, 0);
  while (sysread($client, my $block, 1 << 20)) {{
    $until = now();
    if ($from) {{ $bytes += length $block }}
    elsif ($until - $began >= $skip) {{ $from = $until }}
  }}
  print "moved $bytes ", $until - $from, "\n";
  exit;
}}
"""

# Arguments: port, seconds to send, the token, and the names or addresses to try. Prints the address it sent to.
SENDER = rf"""
use strict;
use Errno;
use IO::Handle;
use POSIX ();
use Socket qw(:DEFAULT getaddrinfo getnameinfo NI_NUMERICHOST);
my ($port, $seconds, $token, @names) = @ARGV;
alarm $seconds + 15;
$SIG{{PIPE}} = "IGNORE";
{CLOCK}
my $why = "no address is known";
for my $name (@names) {{
  my ($error, @found) = getaddrinfo($name, $port, {{socktype => SOCK_STREAM}});
  $why = "$name: $error" if $error;
  for my $each (@found) {{
    socket(my $socket, $each->{{family}}, SOCK_STREAM, 0) or next;
    $socket->blocking(0);
    unless (connect($socket, $each->{{addr}})) {{
      my $wanted = "";
      vec($wanted, fileno $socket, 1) = 1;
      if ($!{{EINPROGRESS}}) {{
        $! = select(undef, $wanted, undef, 3) > 0
          ? unpack("i", getsockopt($socket, SOL_SOCKET, SO_ERROR)) : POSIX::ETIMEDOUT();
      }}
      if ($! + 0) {{ $why = "$name port $port: $!"; next }}
    }}
    $socket->blocking(1);
    my ($block, $until) = ("\0" x (1 << 18), now() + $seconds);
    syswrite($socket, $token);
    while (now() < $until) {{ syswrite($socket, $block) or die "the connection broke: $!\n" }}
    my (undef, $address) = getnameinfo($each->{{addr}}, NI_NUMERICHOST);
    print "sent to $address\n";
    exit;
  }}
}}
die "$why\n";
"""


def parse_port(text: str) -> int | None:
    """The port in the output of RECEIVER; None before it listens."""
    lines = (line.partition(" ")[::2] for line in text.splitlines())
    return next((whole(rest) for word, rest in lines if word == "listening"), None)


def parse_moved(text: str) -> float | None:
    """The bytes per second in the output of RECEIVER; None if too little arrived."""
    for words in (line.split() for line in text.splitlines()):
        if len(words) == 3 and words[0] == "moved":
            moved, seconds = whole(words[1]), number(words[2])
            return moved / seconds if moved and seconds and seconds > SKIPPED_S else None
    return None
