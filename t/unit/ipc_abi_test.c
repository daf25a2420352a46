/*
 * Names of statuses and limits.
 *
 * sources: ipc/cr_abi.c
 */

#include "cr_test.h"
#include "cr_abi.h"


TEST("every final status has the name of the API")
{
    CHECK_STR(cr_status_name(CR_STATUS_SUCCEEDED), "succeeded");
    CHECK_STR(cr_status_name(CR_STATUS_FAILED), "failed");
    CHECK_STR(cr_status_name(CR_STATUS_TIMED_OUT), "timed_out");
    CHECK_STR(cr_status_name(CR_STATUS_MEMORY_EXCEEDED), "memory_exceeded");
    CHECK_STR(cr_status_name(CR_STATUS_OUTPUT_EXCEEDED), "output_exceeded");
    CHECK_STR(cr_status_name(CR_STATUS_CANCELLED), "cancelled");
    CHECK_STR(cr_status_name(CR_STATUS_ERROR), "error");
}


TEST("every limit has the name of the API")
{
    CHECK_STR(cr_limit_name(CR_LIMIT_WALL), "wall");
    CHECK_STR(cr_limit_name(CR_LIMIT_CPU), "cpu");
    CHECK_STR(cr_limit_name(CR_LIMIT_MEMORY), "memory");
    CHECK_STR(cr_limit_name(CR_LIMIT_OUTPUT), "output");
    CHECK_STR(cr_limit_name(CR_LIMIT_PROCESSES), "processes");
}


TEST("none and numbers out of range have no name")
{
    CHECK(cr_status_name(CR_STATUS_NONE) == NULL);
    CHECK(cr_status_name(CR_STATUS_MAX) == NULL);
    CHECK(cr_status_name(UINT32_MAX) == NULL);
    CHECK(cr_limit_name(CR_LIMIT_NONE) == NULL);
    CHECK(cr_limit_name(CR_LIMIT_MAX) == NULL);
    CHECK(cr_limit_name(UINT32_MAX) == NULL);
}
