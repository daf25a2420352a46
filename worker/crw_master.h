/*
 * The pool's master: owns the segment, keeps the workers alive, lets nginx
 * in, ends and expires what nobody else does.  It never runs a job.
 */

#ifndef CRW_MASTER_H
#define CRW_MASTER_H


#include <pthread.h>
#include <sys/types.h>

#include "../ipc/cr_hello.h"
#include "../ipc/cr_segment.h"
#include "crw_config.h"
#include "crw_event.h"
#include "crw_worker.h"
#include "sandbox/crw_cgroup.h"


/* numbers of a worker's boxes start at its index times this */

#define CRW_BOXES_STRIDE  4096


typedef struct crw_master_s  crw_master_t;
typedef struct crw_guest_s   crw_guest_t;
typedef struct crw_place_s   crw_place_t;


/* an nginx worker: its tether */

struct crw_guest_s {
    crw_master_t  *master;
    crw_event_t    tether;
    crw_timer_t    timer;           /* deadline of its hello */
    uint32_t       channel;         /* 0: said no hello yet */
    pid_t          pid;
};


typedef enum {
    CRW_PLACE_FREE = 0,
    CRW_PLACE_UP,                   /* its process lives */
    CRW_PLACE_RETIRING,             /* told to end after its jobs */
    CRW_PLACE_DEAD,                 /* what it left is being killed */
    CRW_PLACE_WAIT                  /* to be started again later */
} crw_place_state_e;


/* a pool worker's place in the segment */

struct crw_place_s {
    crw_master_t       *master;
    uint32_t            index;
    crw_place_state_e   state;
    pid_t               pid;
    crw_event_t         link;
    crw_timer_t         timer;
    uint32_t            generation; /* of the configuration it runs */
    uint32_t            nboxes;
    uint32_t            deaths;     /* soon after a start, in a row */
    uint32_t            tries;      /* of killing what it left */
    uint32_t            buried;     /* boxes of it that are gone */
    int                 has_cgroup; /* of the one that is not yet */
    crw_cgroup_t        cgroup;
    uint64_t            started_us;
    int                 ready;      /* told us of a sandbox */
    uint32_t            failures[CRW_LANGUAGES_MAX];
    char                trouble[CRW_LANGUAGES_MAX][CRW_TEXT_MAX];
};


struct crw_master_s {
    crw_loop_t          loop;
    crw_config_t       *config;
    crw_config_t       *next;       /* of a reload on its way */
    const char         *file;
    const char         *socket;     /* override */
    uint32_t            generation;
    int                 reload_again;

    cr_segment_t        segment;
    int                 memfd;
    int                 channels[CR_CHANNELS_MAX];
    int                 bells[CR_WORKERS_MAX];
    pthread_mutex_t    *mutex;
    crw_cgroup_base_t   base;
    int                 rootless;
    uint32_t            expire_hint;

    crw_event_t         listener;
    crw_timer_t         pause;      /* of the listener */
    crw_event_t         signals;
    crw_timer_t         sweep;
    uint32_t            sweeps;     /* done */
    crw_timer_t         change;     /* deadline of first start and reload */
    crw_timer_t         drain;
    uint64_t            drain_us;   /* monotonic: not longer than this */
    int                 announced;  /* languages written, nginx let in */
    int                 stale;      /* a version in them changed since */
    int                 draining;
    int                 stopping;
    int                 ended;

    crw_guest_t         guests[CR_CHANNELS_MAX];
    crw_place_t         places[CR_WORKERS_MAX];
};


/* runs the pool until it is told to stop; the process's exit status */
int crw_master_run(crw_config_t *config, const char *file,
    const char *socket);

/* rings every channel and every worker: after a death */
void crw_master_ring_all(crw_master_t *master);
void crw_master_ring(crw_master_t *master, uint64_t channels);


/* crw_gate.c: nginx comes and goes */

int crw_gate_open(crw_master_t *master, crw_error_t *err);
/* lets connections in from now on */
int crw_gate_let_in(crw_master_t *master);
void crw_gate_close(crw_master_t *master);


/* crw_place.c: worker processes */

void crw_place_init(crw_place_t *place, crw_master_t *master, uint32_t index);
int crw_place_start(crw_place_t *place);
void crw_place_tell(crw_place_t *place, crw_tell_e type);
/* the process with that pid has ended */
void crw_place_ended(crw_master_t *master, pid_t pid, int status);


/* crw_sweep.c: once a second */

void crw_sweep(crw_master_t *master);
/* jobs that have not ended */
uint32_t crw_sweep_live(crw_master_t *master);


/* crw_reload.c: configurations follow each other */

void crw_reload_first(crw_master_t *master);
void crw_reload_start(crw_master_t *master);
/* a worker got ready, or said a version, or ended, or time is over */
void crw_reload_look(crw_master_t *master, int late);


/* crw_notify.c: systemd's protocol, sd_notify(3), without its library */

void crw_notify(const char *state);
/* us between two signs of life that were asked for; 0: none */
uint64_t crw_notify_watchdog(void);


#endif
