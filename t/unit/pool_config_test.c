/*
 * The configuration: every mistake is refused with file, line, field and
 * rule; and the lines are right.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 * sources: worker/crw_json.c worker/crw_error.c
 * libs: -ljansson
 */

#include "cr_test.h"
#include "crw_json.h"
#include "pool_run.h"


/* runs -t with those fields of worker.json; 1 when it is refused and says so */

static void
pool_config_refused(const char *fields, const char *says)
{
    char        output[4096];
    pool_run_t  run;

    REQUIRE(pool_run_write(&run, fields) == 0);
    CHECK_MSG(pool_run_command(&run, "-t", output, sizeof(output)) == 1,
              "%s", fields);
    CHECK_MSG(strstr(output, says) != NULL, "%s: %s", fields, output);
    pool_run_remove(&run);
}


static void
pool_config_limits(const char *limits, const char *says)
{
    char        output[4096];
    pool_run_t  run;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    REQUIRE(pool_run_language(&run, limits) == 0);
    CHECK_MSG(pool_run_command(&run, "-t", output, sizeof(output)) == 1,
              "%s", limits);
    CHECK_MSG(strstr(output, says) != NULL, "%s: %s", limits, output);
    pool_run_remove(&run);
}


TEST("a correct file is called valid")
{
    char        output[4096];
    pool_run_t  run;

    REQUIRE(pool_run_write(&run, "\"boxes\": 1, \"workers\": 2,"
                           "\"allowed_users\": [\"nobody\", 12, \"none\"],"
                           "\"socket_mode\": \"0660\","
                           "\"log_level\": \"debug\",") == 0);
    CHECK_INT(pool_run_command(&run, "-t", output, sizeof(output)), 0);
    CHECK(strstr(output, "is valid") != NULL);
    pool_run_remove(&run);
}


TEST("an unknown field is refused with its line and name")
{
    pool_config_refused("    \"boxes\": 3,\n    \"boxen\": 3,",
                        "worker.json:4: boxen: unknown field");
}


TEST("a number out of range is refused with the range")
{
    pool_config_refused("    \"boxes\": 0,",
                        "worker.json:3: boxes: must be an integer from 1 to");
    pool_config_refused("    \"boxes\": 1000,", "worker.json:3: boxes: must");
    pool_config_refused("    \"boxes\": -1,", "worker.json:3: boxes: must");
    pool_config_refused("    \"boxes\": 1.5,", "worker.json:3: boxes: must");
    pool_config_refused("    \"boxes\": \"3\",",
                        "worker.json:3: boxes: must");
    pool_config_refused("\n\n    \"job_slots\": 4294967297,",
                        "worker.json:5: job_slots: must");
    pool_config_refused("    \"result_ttl_s\": null,",
                        "worker.json:3: result_ttl_s: must");
}


TEST("texts, modes, users and levels are checked")
{
    pool_config_refused("    \"record_locks\": true,",
                        "worker.json:3: record_locks: must be on or off");
    pool_config_refused("    \"isolation\": \"docker\",",
                        "worker.json:3: isolation: must be native or gvisor");
    pool_config_refused("    \"runsc_platform\": \"kvm\",",
                        "worker.json:3: runsc_platform: must be ptrace or");
    pool_config_refused("    \"log_level\": \"loud\",",
                        "worker.json:3: log_level: must be error, warn");
    pool_config_refused("    \"socket_mode\": 660,",
                        "worker.json:3: socket_mode: must");
    pool_config_refused("    \"socket_mode\": \"0999\",",
                        "worker.json:3: socket_mode: must");
    pool_config_refused("    \"allowed_users\": \"root\",",
                        "worker.json:3: allowed_users: must");
    pool_config_refused("    \"allowed_users\": [true],",
                        "worker.json:3: allowed_users: must");
    pool_config_refused("    \"cgroup_parent\": 5,",
                        "worker.json:3: cgroup_parent: must be a string");
}


TEST("a duplicate key and broken JSON are refused with the line")
{
    pool_config_refused("    \"boxes\": 3,\n    \"boxes\": 4,",
                        "worker.json:4: ");
    pool_config_refused("    \"boxes\": 3\n", "worker.json:5: ");
    pool_config_refused("    boxes: 3,", "worker.json:3: ");
}


TEST("a language file is checked the same way, down to its limits")
{
    pool_config_limits("{ \"timeout_ms\": 7 }", "python.json:8: limits");
    pool_config_limits("{}", "needs the field \"timeout_ms\"");
    pool_config_limits("{\n\"timeout_ms\": { \"default\": 9, \"max\": 9 } }",
                       "python.json:9: limits.timeout_ms.default: must be");
    pool_config_limits("{\n\"timeout_ms\":\n"
                       "{ \"default\": 900,\n\"max\": 800 } }",
                       "python.json:9: limits.timeout_ms: default must not");
    pool_config_limits("{\n\"timeout_ms\": { \"default\": 900,\n"
                       "\"maxx\": 900 } }",
                       "python.json:10: limits.timeout_ms.maxx: unknown");
}


TEST("a configuration without a language or with a missing file is refused")
{
    char        output[4096];
    pool_run_t  run;

    pool_config_refused("    \"languages_dir\": \"nowhere\",", "languages_dir");

    REQUIRE(pool_run_write(&run, NULL) == 0);
    (void) snprintf(run.config, sizeof(run.config), "%s/none.json", run.dir);
    CHECK_INT(pool_run_command(&run, "-t", output, sizeof(output)), 1);
    CHECK(strstr(output, "none.json: cannot be opened") != NULL);
    pool_run_remove(&run);
}


TEST("the line of a key is that of its own level")
{
    static const char  text[] = "{\n"
                               "  \"a\": { \"x\": 1,\n"
                               "    \"b\": \"} \\\" {\" },\n"
                               "  \"c\": [ { \"b\": 2 } ],\n"
                               "  \"d\": \"b\",\n"
                               "  \"e\": {\n"
                               "    \"b\": 3 },\n"
                               "  \"b\": 4\n"
                               "}\n";
    const char  *b[] = { "b" };
    const char  *ab[] = { "a", "b" };
    const char  *eb[] = { "e", "b" };
    const char  *cb[] = { "c", "b" };

    CHECK_INT(crw_json_line(text, b, 1), 8);
    CHECK_INT(crw_json_line(text, ab, 2), 3);
    CHECK_INT(crw_json_line(text, eb, 2), 7);
    CHECK_INT(crw_json_line(text, cb, 2), 1);
    CHECK_INT(crw_json_line(text, b, 0), 1);
}
