/*
 * coderemote-worker: the command line.
 */

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crw_check.h"
#include "crw_config.h"
#include "crw_master.h"


#define CRW_MAIN_CHECK  1000


static int crw_main_find(char *file, size_t size);
static void crw_main_help(void);


static const struct option  crw_main_options[] = {
    { "config", required_argument, NULL, 'c' },
    { "socket", required_argument, NULL, 's' },
    { "test", no_argument, NULL, 't' },
    { "check", no_argument, NULL, CRW_MAIN_CHECK },
    { "version", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


int
main(int argc, char **argv)
{
    int            c, test, check;
    char           file[PATH_MAX];
    const char    *socket;
    crw_error_t    err;
    crw_config_t  *config;

    test = 0;
    check = 0;
    socket = NULL;
    file[0] = '\0';

    for ( ;; ) {
        c = getopt_long(argc, argv, "c:s:tvh", crw_main_options, NULL);

        if (c == -1) {
            break;
        }

        switch (c) {

        case 'c':
            (void) snprintf(file, sizeof(file), "%s", optarg);
            break;

        case 's':
            socket = optarg;
            break;

        case 't':
            test = 1;
            break;

        case CRW_MAIN_CHECK:
            check = 1;
            break;

        case 'v':
            (void) printf("coderemote-worker %s\n", CODEREMOTE_VERSION);
            return 0;

        case 'h':
            crw_main_help();
            return 0;

        default:
            (void) fprintf(stderr, "try coderemote-worker --help\n");
            return 2;
        }
    }

    if (optind < argc) {
        (void) fprintf(stderr, "coderemote-worker: \"%s\" is no option\n",
                       argv[optind]);
        return 2;
    }

    if (file[0] == '\0' && crw_main_find(file, sizeof(file)) != 0) {
        (void) fprintf(stderr, "coderemote-worker: no worker.json found; "
                       "name it with -c\n");
        return 1;
    }

    config = crw_config_load(file, socket, &err);

    if (config == NULL) {
        (void) fprintf(stderr, "coderemote-worker: %s\n", err.text);
        return 1;
    }

    if (test) {
        (void) printf("coderemote-worker: %s is valid\n", file);
        crw_config_free(config);
        return 0;
    }

    if (check) {
        c = crw_check_run(config);
        crw_config_free(config);
        return c;
    }

    return crw_master_run(config, file, socket);
}


/* beside the program (in a build tree or an installation), here, /etc */

static int
crw_main_find(char *file, size_t size)
{
    char     dir[PATH_MAX];
    char    *slash;
    ssize_t  n;

    n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

    if (n > 0) {
        dir[n] = '\0';
        slash = strrchr(dir, '/');

        if (slash != NULL) {
            *slash = '\0';
        }

        if ((size_t) snprintf(file, size, "%s/../conf/worker.json", dir)
            < size
            && access(file, R_OK) == 0)
        {
            return 0;
        }
    }

    (void) snprintf(file, size, "%s", "conf/worker.json");

    if (access(file, R_OK) == 0) {
        return 0;
    }

    (void) snprintf(file, size, "%s", "/etc/coderemote/worker.json");

    return access(file, R_OK);
}


static void
crw_main_help(void)
{
    (void) printf(
        "coderemote-worker %s: runs the jobs of ngx_http_coderemote_module\n"
        "\n"
        "  -c, --config FILE   configuration (conf/worker.json)\n"
        "  -s, --socket PATH   listen there instead of where it says\n"
        "  -t, --test          test the configuration and exit\n"
        "      --check         build one sandbox, say what works and how to\n"
        "                      mend what does not, and exit\n"
        "  -v, --version       print the version and exit\n"
        "  -h, --help          print this and exit\n"
        "\n"
        "signals: HUP reload, TERM drain and end, INT and QUIT end now\n",
        CODEREMOTE_VERSION);
}
