/* The CPU-intensive workload: each thread adds pow(sin(i), i) + its own number, i = 0, 1, 2, ... without end.
 *
 *     cc -O2 -pthread -o cpu_util cpu_util.c -lm
 *     ./cpu_util [--threads N] [--seconds S]
 *
 *     -t, --threads N   threads, 1 to 1024 (16)
 *     -s, --seconds S   end after S seconds; 0: no limit (0)
 *
 * At SIGTERM, SIGINT or the time limit it prints a last line and exits with 0. If it cannot start, it prints a
 * sentence on stderr and exits with 2. It prints one line on stdout at the start and one at each full second:
 *
 *     seconds=3.000 state=running threads=16 additions_per_s=61234567 additions=183000000 sum=1.37250e+09
 *
 *     seconds           since the start (monotonic clock)
 *     state             running; done in the last line
 *     threads           the number of threads
 *     additions_per_s   rate of all threads together since the previous line
 *     additions         total of all threads since the start
 *     sum               total of all threads, printed so that no compiler removes the computation
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 1024, ADDITIONS_PER_REPORT = 1000 };

struct worker {
    pthread_t thread;
    pthread_mutex_t lock; /* for the two results; one per worker, so that 16 workers do not wait for one lock */
    uint64_t additions;
    double sum;
    unsigned number;
};

static struct timespec started;

static void refuse(const char *sentence, ...)
{
    va_list values;

    fputs("cpu_util: ", stderr);
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

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - started.tv_sec) + (double)(now.tv_nsec - started.tv_nsec) / 1e9;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    uint64_t i = 0;
    double sum = 0;

    for (;;) {
        unsigned left;

        for (left = ADDITIONS_PER_REPORT; left > 0; left--, i++)
            sum += pow(sin((double)i), (double)i) + worker->number;
        pthread_mutex_lock(&worker->lock);
        worker->additions = i;
        worker->sum = sum;
        pthread_mutex_unlock(&worker->lock);
    }
    return NULL;
}

static void print_line(const char *state, struct worker *workers, unsigned threads)
{
    static uint64_t additions_before;
    static double seconds_before;
    uint64_t additions = 0;
    double sum = 0, now, passed;
    unsigned i;

    for (i = 0; i < threads; i++) {
        pthread_mutex_lock(&workers[i].lock);
        additions += workers[i].additions;
        sum += workers[i].sum;
        pthread_mutex_unlock(&workers[i].lock);
    }
    now = seconds();
    passed = now - seconds_before;
    printf("seconds=%.3f state=%s threads=%u additions_per_s=%.0f additions=%llu sum=%.5e\n", now, state, threads,
           passed > 0 ? (double)(additions - additions_before) / passed : 0.0, (unsigned long long)additions, sum);
    additions_before = additions;
    seconds_before = now;
}

/* Returns the signal that arrived, or 0 at the time `until`. */
static int wait_for_signal(const sigset_t *signals, double until)
{
    for (;;) {
        double left = fmax(until - seconds(), 0);
        struct timespec timeout;
        int signal_number;

        timeout.tv_sec = (time_t)left;
        timeout.tv_nsec = (long)((left - (double)timeout.tv_sec) * 1e9);
        signal_number = sigtimedwait(signals, NULL, &timeout);
        if (signal_number > 0)
            return signal_number;
        if (seconds() >= until) /* else another signal such as SIGCONT interrupted the wait */
            return 0;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"threads", required_argument, NULL, 't'}, {"seconds", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    static struct worker workers[MAX_THREADS];
    unsigned threads = 16, i;
    double limit = HUGE_VAL;
    sigset_t signals;
    int option;

    while ((option = getopt_long(argc, argv, "t:s:", options, NULL)) != -1) {
        if (option == 't')
            threads = (unsigned)number_of("threads", optarg, "0123456789", 1, MAX_THREADS);
        else if (option == 's')
            limit = number_of("seconds", optarg, "0123456789.", 0, 1e6);
        else
            return 2; /* getopt has printed the reason */
    }
    if (optind < argc)
        refuse("'%s' is not an option: use --threads and --seconds.", argv[optind]);
    if (limit <= 0)
        limit = HUGE_VAL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    clock_gettime(CLOCK_MONOTONIC, &started);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the threads inherit the mask: only main receives the signals */
    for (i = 0; i < threads; i++) {
        workers[i].number = i;
        pthread_mutex_init(&workers[i].lock, NULL);
    }
    print_line("running", workers, threads);
    for (i = 0; i < threads; i++) {
        int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);

        if (error != 0)
            refuse("thread %u of %u cannot be started (%s): try fewer --threads.", i + 1, threads, strerror(error));
    }
    /* At full seconds since the start, independent of delays; the seconds of a paused VM are skipped. */
    while (wait_for_signal(&signals, fmin(floor(seconds()) + 1, limit)) == 0 && seconds() < limit)
        print_line("running", workers, threads);
    print_line("done", workers, threads);
    return 0;
}
