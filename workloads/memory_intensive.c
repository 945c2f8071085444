/* The memory-intensive workload: each thread loads and stores in its own memory, as fast as it can or at a given
 * rate, and checks that it loads what it stored. So it detects a migration that loses or exchanges pages.
 *
 *     cc -O2 -pthread -o memory_intensive memory_intensive.c -lm
 *     ./memory_intensive [--threads N] [--size MIB] [--rate MIB_PER_S] [--seconds S]
 *
 *     -t, --threads N          threads, 1 to 1024 (14)
 *     -m, --size MIB           memory of each thread, in MiB (512); threads x size is the working set
 *     -r, --rate MIB_PER_S     dirty rate of all threads together, in MiB/s; 0: as fast as they can (0)
 *     -s, --seconds S          end after S seconds; 0: no limit (0)
 *
 * Each thread processes its 4 KiB pages in order, pass after pass: it compares every word of the page with the value
 * that the previous pass stored, then stores a new value in every word. So a migration must send each page counted as
 * dirtied again. A rate is kept in slices of 10 ms. At SIGTERM, SIGINT or the time limit it stops storing, checks every
 * page once more (at a slow rate some pages may not have been checked since the migration), prints a last line and
 * exits with 0; a second signal ends it at once. If it cannot start, for instance because there is not enough memory,
 * it prints a sentence on stderr and exits with 2.
 *
 * It prints one line on stdout at the start and one at each full second:
 *
 *     seconds=3.000 state=dirtying threads=2 working_set_mib=300 mib_per_s=99.8 dirtied_mib=597.5 passes=1.99
 *     checked_pages=76160 wrong_pages=0                                              (one line, wrapped here)
 *
 *     seconds           since the start (monotonic clock)
 *     state             filling (first pass, at full speed), dirtying, checking (at the end); last line: done or failed
 *     threads           the number of threads
 *     working_set_mib   memory of all threads together
 *     mib_per_s         dirtied by all threads together since the previous line, per second
 *     dirtied_mib       dirtied by all threads together since the start, including the filling
 *     passes            dirtied_mib / working_set_mib
 *     checked_pages     number of page comparisons
 *     wrong_pages       number of these that found a difference
 *
 * After a wrong page it stops storing, checks every page, prints state=failed in the last line and exits with 1. It
 * prints the first wrong page of each thread at once and counts the others:
 *
 *     error=wrong_page thread=0 page=17 word=0 wrong_words=512 pass=12 expected=0x... found=0x... looks_like=older_pass
 *
 *     page, word        the page's index in the thread's memory; the index of the first wrong 8-byte word in it
 *     wrong_words       number of wrong words, of 512
 *     pass              the pass that stored the page last; the filling is pass 1
 *     looks_like        origin of the first wrong word: zeros (a lost page), older_pass (a stale page: older content of
 *                       this page), other_page (content of another page), garbage; right_again if the page was right
 *                       when loaded a second time (wrong_words=0)
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
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 1024, MAX_MIB = 1 << 20, PAGE_BYTES = 4096, PAGE_WORDS = 512, MIB_PAGES = 256 };

static const double slice_s = 0.01;        /* pages become due every 10 ms */
static const double longest_debt_s = 0.25; /* after a halt (the switchover), make up for at most this time */
static const double spare_mib = 32;        /* left for the rest of the guest, so that the OOM killer does not act */

/* The first word of a page is its stamp; each further word is STEP larger. The stamp is (thread, page, pass) packed
 * into 64 bits and multiplied by an odd constant. The multiplication is reversible, so a wrong word shows its origin.
 * It also changes most bits of every word in each pass, so neither zero-page detection nor compression makes the
 * migration easier. */
static const uint64_t spread = 0x9e3779b97f4a7c15u, unspread = 0xf1de83e19937733du; /* product 1 modulo 2^64 */
#define STEP 0xd1342543de82ef95u
enum { PASS_BITS = 26, PAGE_BITS = 28 };

enum state { FILLING, DIRTYING, CHECKING };

struct worker {
    pthread_t thread;
    unsigned number, threads; /* its own number, and the number of threads */
    volatile uint64_t *memory; /* volatile: the compiler must not replace a load by a known value */
    uint64_t pages;
    uint64_t next, pass; /* pages before next have the content of pass, the others that of the previous pass */
    double pages_per_s;  /* 0: as fast as it can */
    double due, due_at;  /* pages still to dirty at the time due_at */
    int has_printed_a_wrong_page;
};

static struct timespec started;

/* The progress and the state of the workers; protected by the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t no_longer_filling = PTHREAD_COND_INITIALIZER;
static enum state state = FILLING;
static unsigned still_filling, still_working;
static uint64_t dirtied_pages, checked_pages, wrong_pages;

static void refuse(const char *sentence, ...)
{
    va_list values;

    fputs("memory_intensive: ", stderr);
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

static struct timespec timespec_of(double duration)
{
    struct timespec result;

    result.tv_sec = (time_t)duration;
    result.tv_nsec = (long)((duration - (double)result.tv_sec) * 1e9);
    return result;
}

/* ---- one page ---- */

static uint64_t stamp_of(const struct worker *worker, uint64_t page, uint64_t pass)
{
    uint64_t pass_mask = ((uint64_t)1 << PASS_BITS) - 1;

    return (((uint64_t)worker->number << (PASS_BITS + PAGE_BITS)) | (page << PASS_BITS) | (pass & pass_mask)) * spread;
}

static volatile uint64_t *words_of(const struct worker *worker, uint64_t page)
{
    return worker->memory + page * PAGE_WORDS;
}

static void store_page(const struct worker *worker, uint64_t page, uint64_t pass)
{
    volatile uint64_t *word = words_of(worker, page), *end = word + PAGE_WORDS;
    uint64_t content = stamp_of(worker, page, pass);

    for (; word < end; word += 8, content += 8 * STEP) { /* unrolled by eight: twice as fast with tcc */
        word[0] = content;
        word[1] = content + 1 * STEP;
        word[2] = content + 2 * STEP;
        word[3] = content + 3 * STEP;
        word[4] = content + 4 * STEP;
        word[5] = content + 5 * STEP;
        word[6] = content + 6 * STEP;
        word[7] = content + 7 * STEP;
    }
}

static const char *looks_like(const struct worker *worker, uint64_t page, unsigned word, uint64_t found)
{
    uint64_t packed = (found - word * STEP) * unspread, page_mask = ((uint64_t)1 << PAGE_BITS) - 1;
    uint64_t found_thread = packed >> (PASS_BITS + PAGE_BITS), found_page = (packed >> PASS_BITS) & page_mask;

    if (found == 0)
        return "zeros";
    if (found_thread == worker->number && found_page == page)
        return "older_pass";
    if (found_thread < worker->threads && found_page < worker->pages) /* very unlikely for a random number */
        return "other_page";
    return "garbage";
}

static void end_dirtying(void)
{
    pthread_mutex_lock(&lock);
    state = CHECKING;
    pthread_cond_broadcast(&no_longer_filling);
    pthread_mutex_unlock(&lock);
}

static void report_wrong_page(struct worker *worker, uint64_t page, uint64_t pass)
{
    uint64_t content = stamp_of(worker, page, pass), expected = 0, found = 0;
    unsigned word = 0, wrong_words = 0, i;

    pthread_mutex_lock(&lock);
    wrong_pages++;
    pthread_mutex_unlock(&lock);
    end_dirtying();
    if (worker->has_printed_a_wrong_page)
        return;
    worker->has_printed_a_wrong_page = 1;
    for (i = 0; i < PAGE_WORDS; i++) {
        uint64_t loaded = words_of(worker, page)[i];

        if (loaded != content + i * STEP && wrong_words++ == 0) {
            word = i;
            expected = content + i * STEP;
            found = loaded;
        }
    }
    printf("error=wrong_page thread=%u page=%llu word=%u wrong_words=%u pass=%llu expected=0x%016llx found=0x%016llx "
           "looks_like=%s\n",
           worker->number, (unsigned long long)page, word, wrong_words, (unsigned long long)pass,
           (unsigned long long)expected, (unsigned long long)found,
           wrong_words ? looks_like(worker, page, word, found) : "right_again");
}

static void check_page(struct worker *worker, uint64_t page, uint64_t pass)
{
    volatile uint64_t *word = words_of(worker, page), *end = word + PAGE_WORDS;
    uint64_t content = stamp_of(worker, page, pass);

    for (; word < end; word += 8, content += 8 * STEP) {
        if ((word[0] ^ content) | (word[1] ^ (content + 1 * STEP)) | (word[2] ^ (content + 2 * STEP)) |
            (word[3] ^ (content + 3 * STEP)) | (word[4] ^ (content + 4 * STEP)) | (word[5] ^ (content + 5 * STEP)) |
            (word[6] ^ (content + 6 * STEP)) | (word[7] ^ (content + 7 * STEP))) {
            report_wrong_page(worker, page, pass);
            return;
        }
    }
}

/* ---- one thread ---- */

/* Adds to the counters; returns the state, which determines the worker's next step. */
static enum state report(uint64_t dirtied, uint64_t checked)
{
    enum state now;

    pthread_mutex_lock(&lock);
    dirtied_pages += dirtied;
    checked_pages += checked;
    now = state;
    pthread_mutex_unlock(&lock);
    return now;
}

static void wait_until_all_have_filled(void)
{
    pthread_mutex_lock(&lock);
    if (--still_filling == 0 && state == FILLING) {
        state = DIRTYING;
        pthread_cond_broadcast(&no_longer_filling);
    }
    while (state == FILLING)
        pthread_cond_wait(&no_longer_filling, &lock);
    pthread_mutex_unlock(&lock);
}

/* Returns 0 if the state changed to CHECKING before the memory was full. */
static int fill(struct worker *worker)
{
    worker->pass = 1;
    for (worker->next = 0; worker->next < worker->pages;) {
        store_page(worker, worker->next, worker->pass);
        if (++worker->next % MIB_PAGES == 0 && report(MIB_PAGES, 0) == CHECKING)
            return 0;
    }
    return 1;
}

/* Returns the number of pages to dirty now, at most a MiB; if none is due, sleeps for the rest of the slice. */
static unsigned pages_due(struct worker *worker)
{
    double now = seconds(), whole;

    if (worker->pages_per_s <= 0)
        return MIB_PAGES;
    worker->due += (now - worker->due_at) * worker->pages_per_s;
    worker->due = fmin(worker->due, fmax(longest_debt_s * worker->pages_per_s, 2));
    worker->due_at = now;
    if (worker->due < 1) {
        struct timespec slice_end = timespec_of((floor(now / slice_s) + 1) * slice_s + (double)started.tv_nsec / 1e9);

        slice_end.tv_sec += started.tv_sec;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &slice_end, NULL);
        return 0;
    }
    whole = fmin(floor(worker->due), MIB_PAGES);
    worker->due -= whole;
    return (unsigned)whole;
}

static void dirty(struct worker *worker)
{
    unsigned count = 0, left;

    worker->due_at = seconds();
    while (report(count, count) == DIRTYING) {
        count = pages_due(worker);
        for (left = count; left > 0; left--) {
            if (worker->next == worker->pages) {
                worker->next = 0;
                worker->pass++;
            }
            check_page(worker, worker->next, worker->pass - 1);
            store_page(worker, worker->next, worker->pass);
            worker->next++;
        }
    }
}

static void check_all(struct worker *worker)
{
    uint64_t page;

    for (page = 0; page < worker->pages;) {
        check_page(worker, page, page < worker->next ? worker->pass : worker->pass - 1);
        if (++page % MIB_PAGES == 0)
            report(0, MIB_PAGES);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    if (fill(worker)) {
        wait_until_all_have_filled();
        dirty(worker);
        check_all(worker);
    }
    pthread_mutex_lock(&lock);
    if (--still_working == 0)
        kill(getpid(), SIGUSR1); /* main waits for this signal */
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* ---- main: options, memory, signals, one line a second ---- */

struct settings {
    unsigned threads;
    double mib, mib_per_s, limit_s;
};

static struct settings parse(int argc, char **argv)
{
    static const struct option options[] = {{"threads", required_argument, NULL, 't'},
                                            {"size", required_argument, NULL, 'm'},
                                            {"rate", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct settings settings = {14, 512, 0, 0};
    int option;

    while ((option = getopt_long(argc, argv, "t:m:r:s:", options, NULL)) != -1) {
        if (option == 't')
            settings.threads = (unsigned)number_of("threads", optarg, "0123456789", 1, MAX_THREADS);
        else if (option == 'm')
            settings.mib = number_of("size", optarg, "0123456789", 1, MAX_MIB);
        else if (option == 'r')
            settings.mib_per_s = number_of("rate", optarg, "0123456789.", 0, MAX_MIB);
        else if (option == 's')
            settings.limit_s = number_of("seconds", optarg, "0123456789.", 0, 1e6);
        else
            exit(2); /* getopt has printed the reason */
    }
    if (optind < argc)
        refuse("'%s' is not an option: use --threads, --size, --rate and --seconds.", argv[optind]);
    if (settings.limit_s <= 0)
        settings.limit_s = HUGE_VAL;
    return settings;
}

/* Available memory and swap; infinite if the kernel does not report it. */
static double available_mib(void)
{
    FILE *meminfo = fopen("/proc/meminfo", "r");
    char line[256];
    double kib, available = HUGE_VAL, swap = 0;

    if (meminfo == NULL)
        return HUGE_VAL;
    while (fgets(line, sizeof line, meminfo) != NULL) {
        if (sscanf(line, "MemAvailable: %lf", &kib) == 1)
            available = kib / 1024;
        if (sscanf(line, "SwapFree: %lf", &kib) == 1)
            swap = kib / 1024;
    }
    fclose(meminfo);
    return available + swap;
}

static struct worker *new_workers(const struct settings *settings)
{
    static struct worker workers[MAX_THREADS];
    double total_mib = settings->threads * settings->mib, available = available_mib();
    unsigned i;

    if (total_mib + spare_mib > available)
        refuse("%u threads x %.0f MiB is %.0f MiB, but only %.0f MiB of memory are available (%.0f MiB are reserved "
               "for the rest of the system): try fewer --threads or a smaller --size.",
               settings->threads, settings->mib, total_mib, fmax(available - spare_mib, 0), spare_mib);
    for (i = 0; i < settings->threads; i++) {
        void *memory;

        workers[i].number = i;
        workers[i].threads = settings->threads;
        workers[i].pages = (uint64_t)settings->mib * MIB_PAGES;
        workers[i].pages_per_s = settings->mib_per_s * MIB_PAGES / settings->threads;
        memory = mmap(NULL, workers[i].pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            refuse("the system refuses more memory after %.0f of %.0f MiB: try fewer --threads or a smaller --size.",
                   i * settings->mib, total_mib);
        workers[i].memory = memory;
    }
    return workers;
}

static void start(struct worker *workers, unsigned threads)
{
    unsigned i;

    still_filling = still_working = threads;
    for (i = 0; i < threads; i++) {
        int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);

        if (error != 0)
            refuse("thread %u of %u cannot be started (%s): try fewer --threads.", i + 1, threads, strerror(error));
    }
}

/* Returns the number of wrong pages; with at_the_end the state is done or failed. */
static uint64_t print_line(const struct settings *settings, int at_the_end)
{
    static const char *const names[] = {"filling", "dirtying", "checking"};
    static double seconds_before, mib_before;
    double total_mib = settings->threads * settings->mib, now, mib;
    uint64_t checked, wrong;
    const char *name;

    pthread_mutex_lock(&lock);
    mib = (double)dirtied_pages / MIB_PAGES;
    checked = checked_pages;
    wrong = wrong_pages;
    name = at_the_end ? (wrong ? "failed" : "done") : names[state];
    now = seconds();
    pthread_mutex_unlock(&lock);

    printf("seconds=%.3f state=%s threads=%u working_set_mib=%.0f mib_per_s=%.1f dirtied_mib=%.1f passes=%.2f "
           "checked_pages=%llu wrong_pages=%llu\n",
           now, name, settings->threads, total_mib,
           now > seconds_before ? (mib - mib_before) / (now - seconds_before) : 0.0, mib, mib / total_mib,
           (unsigned long long)checked, (unsigned long long)wrong);
    seconds_before = now;
    mib_before = mib;
    return wrong;
}

/* Returns the signal that arrived, or 0 at the time `until`. */
static int wait_for_signal(const sigset_t *signals, double until)
{
    for (;;) {
        struct timespec timeout = timespec_of(fmax(until - seconds(), 0));
        int signal_number = sigtimedwait(signals, NULL, &timeout);

        if (signal_number > 0)
            return signal_number;
        if (seconds() >= until) /* else another signal such as SIGCONT interrupted the wait */
            return 0;
    }
}

int main(int argc, char **argv)
{
    struct settings settings = parse(argc, argv);
    struct worker *workers = new_workers(&settings);
    sigset_t all, ending;
    double next_line = 1;
    unsigned i;
    int received;

    setvbuf(stdout, NULL, _IOLBF, 0);
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    all = ending;
    sigaddset(&all, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* the threads inherit the mask: only main receives the signals */
    clock_gettime(CLOCK_MONOTONIC, &started);
    print_line(&settings, 0);
    start(workers, settings.threads);

    while ((received = wait_for_signal(&all, fmin(next_line, settings.limit_s))) != SIGUSR1) {
        if (received != 0 || seconds() >= settings.limit_s) {
            end_dirtying();
            settings.limit_s = HUGE_VAL;
        }
        if (received != 0) { /* a second signal has its default action */
            sigdelset(&all, SIGTERM);
            sigdelset(&all, SIGINT);
            pthread_sigmask(SIG_UNBLOCK, &ending, NULL);
        }
        if (seconds() >= next_line) { /* at full seconds; the seconds of a paused VM are skipped */
            print_line(&settings, 0);
            next_line = floor(seconds()) + 1;
        }
    }
    for (i = 0; i < settings.threads; i++)
        pthread_join(workers[i].thread, NULL);
    return print_line(&settings, 1) == 0 ? 0 : 1;
}
