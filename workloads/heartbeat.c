/* The heartbeat: it beats every 10 ms and reports the guest's pauses as the longest gap between two beats.
 *
 *     cc -O2 -o heartbeat heartbeat.c -lm
 *     ./heartbeat [--port N] [--idle S] [--seconds S]
 *
 *     -p, --port N      UDP port for probes, 1 to 65535 (48613)
 *     -i, --idle S      end after S seconds without a probe; 0: no limit (0)
 *     -s, --seconds S   end after S seconds; 0: no limit (0)
 *
 * At SIGTERM, SIGINT or a time limit it prints a last line and exits with 0. If it cannot start, it prints a sentence
 * on stderr and exits with 2. If permitted, it uses real-time priority and locks its pages in memory, so that it
 * measures pauses of the whole guest, not scheduling delays of a busy guest. It prints one line on stdout at the start
 * and one at each full second:
 *
 *     seconds=3.000 state=beating port=48613 priority=realtime beats=300 longest_gap_ms=10.4 longest_gap_at=1.210
 *     probes=250                                                                     (one line, wrapped here)
 *
 *     seconds           since the start (all times are of the monotonic clock)
 *     state             beating; done in the last line
 *     priority          realtime or normal
 *     beats             number of beats since the start
 *     longest_gap_ms    longest gap between two beats since the start
 *     longest_gap_at    its end, in seconds since the start
 *     probes            number of replies since the start
 *
 * A probe and its reply are datagrams of 64 bytes, with numbers in network byte order. The reply goes to the sender of
 * the probe. All other datagrams are ignored; a reply is not a valid probe, so that two heartbeats cannot send replies
 * to each other without end.
 *
 *     byte   probe                                          reply
 *      0     "VMLM-HB?"                                     "VMLM-HB!"
 *      8     any number                                     the probe's number
 *     16     since: a time of this clock, ns, or 0          the current time, ns
 *     24     zero to the end                                beats
 *     32                                                    longest gap that ended after `since`, ns; 0: none yet
 *     40                                                    end of that gap, ns
 *     48                                                    zero to the end
 *
 * The clock is CLOCK_MONOTONIC. If it stops while the virtual machine is paused, no beat is late by this clock. Only
 * a comparison with another clock outside the guest shows the lost time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM = 64, BEAT_NS = 10000000, MAX_GAPS = 1024, AT_ONCE = 64 };
#define SECOND_NS 1000000000u

/* Each gap is longer than all later ones: enough to find the longest gap since any time. */
struct gap {
    uint64_t length, ended;
};
static struct gap gaps[MAX_GAPS];
static unsigned gap_count;
static uint64_t beats, last_beat, probes, started, last_probe;

static void refuse(const char *sentence, ...)
{
    va_list values;

    fputs("heartbeat: ", stderr);
    va_start(values, sentence);
    vfprintf(stderr, sentence, values);
    va_end(values);
    fputc('\n', stderr);
    exit(2);
}

/* Accepts digits and, for a fraction, one point; strtod alone would also accept "0x10", "nan" and " 7". */
static double number_of(const char *option, const char *text, const char *characters, double minimum, double maximum)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || text[strspn(text, characters)] != '\0' || number < minimum || number > maximum)
        refuse("--%s requires a%s number from %.0f to %.0f, not '%s'.", option,
               strchr(characters, '.') ? "" : " whole", minimum, maximum, text);
    return number;
}

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void beat(uint64_t now)
{
    if (beats++ > 0) {
        struct gap gap;

        gap.length = now - last_beat;
        gap.ended = now;
        while (gap_count > 0 && gaps[gap_count - 1].length <= gap.length)
            gap_count--;
        if (gap_count == MAX_GAPS) /* very rare: give the shortest gap the end of this one */
            gaps[gap_count - 1].ended = now;
        else
            gaps[gap_count++] = gap;
    }
    last_beat = now;
}

static struct gap longest_since(uint64_t moment)
{
    struct gap none = {0, 0};
    unsigned i;

    for (i = 0; i < gap_count; i++)
        if (gaps[i].ended > moment)
            return gaps[i];
    return none;
}

static uint64_t number_at(const unsigned char *bytes)
{
    uint64_t number = 0;
    unsigned i;

    for (i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void put_number(unsigned char *bytes, uint64_t number)
{
    unsigned i;

    for (i = 8; i-- > 0; number >>= 8)
        bytes[i] = (unsigned char)number;
}

/* Handles one datagram; returns 0 if there is none. */
static int handle_datagram(int udp)
{
    unsigned char bytes[DATAGRAM + 1]; /* one byte more, to detect a longer datagram */
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    ssize_t size = recvfrom(udp, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&peer, &length);
    struct gap longest;
    uint64_t now;

    if (size < 0)
        return errno == EINTR || errno == ECONNREFUSED; /* the latter: the receiver of an earlier reply is gone */
    if (size != DATAGRAM || memcmp(bytes, "VMLM-HB?", 8) != 0)
        return 1;
    now = clock_ns();
    longest = longest_since(number_at(bytes + 16));
    memcpy(bytes, "VMLM-HB!", 8);
    put_number(bytes + 16, now);
    put_number(bytes + 24, beats);
    put_number(bytes + 32, longest.length);
    put_number(bytes + 40, longest.ended);
    memset(bytes + 48, 0, DATAGRAM - 48);
    if (sendto(udp, bytes, DATAGRAM, MSG_DONTWAIT, (struct sockaddr *)&peer, length) == DATAGRAM)
        probes++;
    last_probe = now;
    return 1;
}

/* Returns a socket for IPv6 and IPv4, or for IPv4 alone in a guest without IPv6; -1 if the port is not available. */
static int open_socket(unsigned port)
{
    struct sockaddr_in6 six = {0};
    struct sockaddr_in four = {0};
    int no = 0, udp = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    six.sin6_family = AF_INET6;
    six.sin6_port = htons((uint16_t)port);
    four.sin_family = AF_INET;
    four.sin_port = htons((uint16_t)port);
    if (udp >= 0) {
        setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
        if (bind(udp, (struct sockaddr *)&six, sizeof six) == 0)
            return udp;
        if (errno == EADDRINUSE)
            return -1;
        close(udp);
    }
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return udp >= 0 && bind(udp, (struct sockaddr *)&four, sizeof four) == 0 ? udp : -1;
}

static int use_realtime_priority(void)
{
    struct sched_param lowest = {0};

    mlockall(MCL_CURRENT | MCL_FUTURE); /* optional: the guest may not permit it */
    lowest.sched_priority = sched_get_priority_min(SCHED_FIFO);
    return sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

static void print_line(const char *state, unsigned port, int realtime)
{
    struct gap longest = longest_since(0);

    printf("seconds=%.3f state=%s port=%u priority=%s beats=%llu longest_gap_ms=%.1f longest_gap_at=%.3f probes=%llu\n",
           (double)(clock_ns() - started) / 1e9, state, port, realtime ? "realtime" : "normal",
           (unsigned long long)beats, (double)longest.length / 1e6,
           longest.ended ? (double)(longest.ended - started) / 1e9 : 0.0, (unsigned long long)probes);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"idle", required_argument, NULL, 'i'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    unsigned port = 48613;
    double limit = HUGE_VAL, idle = HUGE_VAL;
    struct itimerspec every = {0};
    struct pollfd waiting[3];
    uint64_t due, count;
    sigset_t signals;
    int option, realtime, i;

    while ((option = getopt_long(argc, argv, "p:i:s:", options, NULL)) != -1) {
        if (option == 'p')
            port = (unsigned)number_of("port", optarg, "0123456789", 1, 65535);
        else if (option == 'i')
            idle = number_of("idle", optarg, "0123456789.", 0, 1e6);
        else if (option == 's')
            limit = number_of("seconds", optarg, "0123456789.", 0, 1e6);
        else
            return 2; /* getopt has printed the reason */
    }
    if (optind < argc)
        refuse("'%s' is not an option: use --port, --idle and --seconds.", argv[optind]);
    limit = limit > 0 ? limit : HUGE_VAL;
    idle = idle > 0 ? idle : HUGE_VAL;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    waiting[0].fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    waiting[1].fd = open_socket(port);
    waiting[2].fd = signalfd(-1, &signals, 0);
    if (waiting[1].fd < 0)
        refuse("UDP port %u is not available (%s): try another --port.", port, strerror(errno));
    if (waiting[0].fd < 0 || waiting[2].fd < 0)
        refuse("the timer cannot be created (%s).", strerror(errno));
    for (i = 0; i < 3; i++) {
        waiting[i].events = POLLIN;
        waiting[i].revents = 0;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    realtime = use_realtime_priority();
    started = last_probe = clock_ns();
    every.it_interval.tv_nsec = BEAT_NS;
    every.it_value.tv_sec = (time_t)(started / SECOND_NS);
    every.it_value.tv_nsec = (long)(started % SECOND_NS); /* the first beat now, then an absolute schedule */
    if (timerfd_settime(waiting[0].fd, TFD_TIMER_ABSTIME, &every, NULL) != 0)
        refuse("the timer cannot be started (%s).", strerror(errno));
    print_line("beating", port, realtime);
    due = started + SECOND_NS;
    for (;;) {
        uint64_t now;

        if (poll(waiting, 3, -1) < 0 && errno != EINTR)
            refuse("poll failed (%s).", strerror(errno));
        now = clock_ns();
        if ((waiting[0].revents & POLLIN) && read(waiting[0].fd, &count, sizeof count) == sizeof count)
            beat(now);
        /* At most AT_ONCE at a time, so that a flood of probes does not delay the beats. */
        for (i = 0; i < AT_ONCE && waiting[1].revents != 0 && handle_datagram(waiting[1].fd); i++)
            ;
        if ((waiting[2].revents & POLLIN) || (double)(now - started) / 1e9 >= limit ||
            (now > last_probe && (double)(now - last_probe) / 1e9 >= idle))
            break;
        if (now >= due) {
            print_line("beating", port, realtime);
            due += (now - due) / SECOND_NS * SECOND_NS + SECOND_NS; /* skip the seconds of a pause */
        }
    }
    print_line("done", port, realtime);
    return 0;
}
