
/*
 * The limits of users: a bounded table, attempts to sign in, rates, sockets.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_table.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_attempts.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_rate.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_sockets.c
 * libs: -lcrypto
 * with: nginx
 */


#include "cr_test.h"

#include "ngx_cr_attempts.h"
#include "ngx_cr_rate.h"
#include "ngx_cr_sockets.h"

#include <sys/wait.h>


#define ROOM    16384
#define MINUTE  60000


static union {
    u_char      bytes[ROOM];
    max_align_t aligned;
} memory;

static const ngx_cr_attempts_conf_t  five = { 5, 20, 15 * MINUTE };

static ngx_str_t  ada = ngx_string("ada@example.com");
static ngx_str_t  here = { 4, (u_char *) "\x0a\x00\x00\x01" };
static ngx_str_t  there = { 4, (u_char *) "\x0a\x00\x00\x02" };


static ngx_cr_table_t *
table_of(size_t value)
{
    return ngx_cr_table_create(memory.bytes, ROOM, value);
}


static ngx_cr_table_key_t
key_of(ngx_cr_table_t *table, ngx_uint_t n)
{
    ngx_str_t           text;
    ngx_cr_table_key_t  key;

    text.data = (u_char *) &n;
    text.len = sizeof(n);

    memset(&key, 0, sizeof(key));
    CHECK_INT(ngx_cr_table_key(table, 'x', &text, NULL, &key), NGX_OK);

    return key;
}


static ngx_msec_t
attempt(ngx_cr_table_t *table, ngx_str_t *account, ngx_str_t *address,
    ngx_msec_t now)
{
    ngx_cr_attempts_who_t  who;

    CHECK_INT(ngx_cr_attempts_who(table, account, address, &who), NGX_OK);

    return ngx_cr_attempts_begin(table, &five, &who, now);
}


TEST("a table has all that fits, and forgets what nobody asked for longest")
{
    ngx_uint_t          i, found;
    ngx_uint_t         *value;
    ngx_cr_table_t     *table;
    ngx_cr_table_key_t  key;

    table = table_of(sizeof(ngx_uint_t));
    REQUIRE(table != NULL);
    CHECK(table->capacity > 50);

    for (i = 0; i < 10 * table->capacity; i++) {
        key = key_of(table, i);
        value = ngx_cr_table_get(table, &key);
        REQUIRE(value != NULL);
        CHECK_INT(*value, 0);
        *value = i + 1;

        /* the first one is asked for all the time */

        key = key_of(table, 0);
        value = ngx_cr_table_find(table, &key);
        REQUIRE(value != NULL);
        CHECK_INT(*value, 1);
    }

    found = 0;

    for (i = 0; i < 10 * table->capacity; i++) {
        key = key_of(table, i);
        value = ngx_cr_table_find(table, &key);

        if (value != NULL) {
            CHECK_INT(*value, i + 1);
            found++;
        }
    }

    CHECK_INT(found, table->capacity);
    CHECK_INT(table->evicted, 9 * table->capacity);
}


TEST("a dropped entry comes back empty; a table of no room is none")
{
    ngx_uint_t         *value;
    ngx_cr_table_t     *table;
    ngx_cr_table_key_t  key;

    table = table_of(sizeof(ngx_uint_t));
    REQUIRE(table != NULL);

    key = key_of(table, 7);
    value = ngx_cr_table_get(table, &key);
    *value = 7;
    ngx_cr_table_drop(table, value);

    CHECK(ngx_cr_table_find(table, &key) == NULL);
    value = ngx_cr_table_get(table, &key);
    CHECK_INT(*value, 0);

    CHECK(ngx_cr_table_create(memory.bytes, 100, 8) == NULL);
}


TEST("keys differ by kind, by where a text ends, and from table to table")
{
    ngx_str_t            ab = ngx_string("ab"), a = ngx_string("a");
    ngx_str_t            c = ngx_string("c"), bc = ngx_string("bc");
    static u_char        other[ROOM];
    ngx_cr_table_t      *table;
    ngx_cr_table_key_t   one, two;

    table = table_of(8);
    REQUIRE(table != NULL);

    ngx_cr_table_key(table, 'x', &ab, &c, &one);
    ngx_cr_table_key(table, 'x', &a, &bc, &two);
    CHECK(memcmp(&one, &two, sizeof(one)) != 0);

    ngx_cr_table_key(table, 'y', &ab, &c, &two);
    CHECK(memcmp(&one, &two, sizeof(one)) != 0);

    table = ngx_cr_table_create(other, ROOM, 8);
    REQUIRE(table != NULL);
    ngx_cr_table_key(table, 'x', &ab, &c, &two);
    CHECK(memcmp(&one, &two, sizeof(one)) != 0);
}


TEST("five attempts are free, then each wait is twice the one before")
{
    ngx_uint_t       i;
    ngx_msec_t       now, wait;
    ngx_cr_table_t  *table;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);
    now = 5000;

    for (i = 0; i < 5; i++) {
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }

    for (wait = 1000; wait < 15 * MINUTE; wait *= 2) {
        CHECK_INT(attempt(table, &ada, &here, now), wait);
        CHECK_INT(attempt(table, &ada, &here, now + wait - 1), 1);
        now += wait;
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }

    /* and a quarter of an hour is the longest, for ever */

    for (i = 0; i < 40; i++) {
        CHECK_INT(attempt(table, &ada, &here, now), 15 * MINUTE);
        now += 15 * MINUTE - 1;
        CHECK_INT(attempt(table, &ada, &here, now), 1);
        now++;
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }
}


TEST("an account is one however it is written, and from anywhere")
{
    ngx_uint_t       i;
    ngx_str_t        odd = ngx_string("  ADA@Example.com ");
    ngx_cr_table_t  *table;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);

    for (i = 0; i < 5; i++) {
        CHECK_INT(attempt(table, (i & 1) ? &ada : &odd,
                          (i & 2) ? &here : &there, 1000), 0);
    }

    CHECK_INT(attempt(table, &ada, &there, 1000), 1000);
}


TEST("an address is slowed down whatever accounts it tries, an IPv6 site too")
{
    u_char           name[32], site[16];
    ngx_uint_t       i;
    ngx_str_t        account, address;
    ngx_cr_table_t  *table;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);

    memset(site, 0x20, sizeof(site));
    address.data = site;
    address.len = 16;

    for (i = 0; i < 21; i++) {
        account.data = name;
        account.len = snprintf((char *) name, sizeof(name), "u%d@x", (int) i);
        site[15] = i;

        CHECK_INT(attempt(table, &account, &address, 1000),
                  (i < 20) ? 0 : 1000);
    }

    /* nobody else is */

    CHECK_INT(attempt(table, &account, &here, 1000), 0);
}


TEST("a stranger who guesses does not lock out who has signed in before")
{
    ngx_uint_t              i;
    ngx_cr_table_t         *table;
    ngx_cr_attempts_who_t   who;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);

    CHECK_INT(attempt(table, &ada, &here, 1000), 0);
    REQUIRE(ngx_cr_attempts_who(table, &ada, &here, &who) == NGX_OK);
    ngx_cr_attempts_right(table, &who, 1000);

    for (i = 0; i < 5; i++) {
        CHECK_INT(attempt(table, &ada, &there, 1000), 0);
    }

    CHECK_INT(attempt(table, &ada, &there, 1000), 1000);
    CHECK_INT(attempt(table, &ada, &here, 1000), 0);

    /* but at home nobody may guess for ever either */

    for (i = 0; i < 4; i++) {
        CHECK_INT(attempt(table, &ada, &here, 1000), 0);
    }

    CHECK_INT(attempt(table, &ada, &here, 1000), 1000);
}


TEST("right attempts and attempts that were none do not count")
{
    ngx_uint_t              i;
    ngx_cr_table_t         *table;
    ngx_cr_attempts_who_t   who;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);
    REQUIRE(ngx_cr_attempts_who(table, &ada, &here, &who) == NGX_OK);

    for (i = 0; i < 100; i++) {
        CHECK_INT(ngx_cr_attempts_begin(table, &five, &who, 1000), 0);

        if (i < 50) {
            ngx_cr_attempts_undo(table, &who);

        } else {
            ngx_cr_attempts_right(table, &who, 1000);
        }
    }
}


TEST("with time attempts are forgotten, half of them in each longest wait")
{
    ngx_uint_t       i;
    ngx_msec_t       now;
    ngx_cr_table_t  *table;

    table = table_of(sizeof(ngx_cr_attempts_value_t));
    REQUIRE(table != NULL);
    now = 1000;

    for (i = 0; i < 4; i++) {
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }

    now += 15 * MINUTE;

    for (i = 0; i < 3; i++) {
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }

    CHECK_INT(attempt(table, &ada, &here, now), 1000);

    now += 100 * 15 * MINUTE;

    for (i = 0; i < 5; i++) {
        CHECK_INT(attempt(table, &ada, &here, now), 0);
    }
}


TEST("a bucket gives its burst at once and then a token at its rate")
{
    ngx_uint_t           i;
    ngx_cr_table_t      *table;
    ngx_cr_table_key_t   key;
    ngx_cr_rate_state_t  state;
    ngx_cr_rate_conf_t   conf = { 10, 3 };

    table = table_of(sizeof(ngx_cr_rate_value_t));
    REQUIRE(table != NULL);
    key = key_of(table, 1);

    for (i = 0; i < 3; i++) {
        CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 1000, &state), NGX_OK);
        CHECK_INT(state.remaining, 2 - i);
        CHECK_INT(state.full, 6000 * (i + 1));
    }

    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 1000, &state), NGX_BUSY);
    CHECK_INT(state.next, 6000);
    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 6999, &state), NGX_BUSY);
    CHECK_INT(state.next, 1);
    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 7000, &state), NGX_OK);
    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 7000, &state), NGX_BUSY);

    /* a clock of another process that is behind takes nothing away */

    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 6000, &state), NGX_BUSY);
    CHECK_INT(state.next, 6000);

    /* a long silence fills it and no more */

    for (i = 0; i < 3; i++) {
        CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 90000000, &state),
                  NGX_OK);
    }

    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 90000000, &state),
              NGX_BUSY);

    key = key_of(table, 2);
    CHECK_INT(ngx_cr_rate_take(table, &conf, &key, 90000000, &state), NGX_OK);
}


TEST("sockets are counted over processes, and those of a dead one are gone")
{
    pid_t               child;
    ngx_uint_t          i;
    ngx_cr_table_t     *table;
    ngx_cr_table_key_t  key;

    table = table_of(sizeof(ngx_cr_sockets_value_t));
    REQUIRE(table != NULL);
    key = key_of(table, 1);

    child = fork();
    REQUIRE(child != -1);

    if (child == 0) {
        pause();
        _exit(0);
    }

    for (i = 0; i < 2; i++) {
        CHECK_INT(ngx_cr_sockets_open(table, &key, child, 4), NGX_OK);
        CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_OK);
    }

    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_BUSY);

    ngx_cr_sockets_close(table, &key, getpid());
    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_OK);
    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_BUSY);

    kill(child, SIGKILL);
    REQUIRE(waitpid(child, NULL, 0) == child);

    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_OK);
    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_OK);
    CHECK_INT(ngx_cr_sockets_open(table, &key, getpid(), 4), NGX_BUSY);

    for (i = 0; i < 4; i++) {
        ngx_cr_sockets_close(table, &key, getpid());
    }

    CHECK(ngx_cr_table_find(table, &key) == NULL);
}
