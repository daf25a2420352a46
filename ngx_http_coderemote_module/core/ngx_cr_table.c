
/* A bounded table in shared memory; see the header. */


#include "ngx_cr_table.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>


typedef struct {
    ngx_rbtree_node_t            node;      /* its key: the first bytes */
    ngx_queue_t                  queue;
    ngx_cr_table_key_t           key;
    size_t                       size;      /* of the value */

    /* the value, aligned as a pointer is */
} ngx_cr_table_entry_t;


#define ngx_cr_table_value(e)  ((void *) ((ngx_cr_table_entry_t *) (e) + 1))


static ngx_cr_table_entry_t *ngx_cr_table_lookup(ngx_cr_table_t *table,
    const ngx_cr_table_key_t *key);
static void ngx_cr_table_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static void ngx_cr_table_release(ngx_cr_table_t *table,
    ngx_cr_table_entry_t *entry);


static ngx_inline ngx_rbtree_key_t
ngx_cr_table_hash(const ngx_cr_table_key_t *key)
{
    ngx_rbtree_key_t  hash;

    ngx_memcpy(&hash, key->bytes, sizeof(hash));

    return hash;
}


ngx_cr_table_t *
ngx_cr_table_create(void *memory, size_t size, size_t value)
{
    size_t                 room;
    u_char                *p, *last;
    ngx_cr_table_t        *table;
    ngx_cr_table_entry_t  *entry;

    value = ngx_align(value, sizeof(void *));
    room = sizeof(ngx_cr_table_entry_t) + value;

    if (size < sizeof(ngx_cr_table_t) + room) {
        return NULL;
    }

    table = memory;
    ngx_memzero(table, sizeof(ngx_cr_table_t));

    if (RAND_bytes(table->secret, NGX_CR_TABLE_SECRET) != 1) {
        return NULL;
    }

    ngx_rbtree_init(&table->tree, &table->sentinel, ngx_cr_table_insert);
    ngx_queue_init(&table->used);
    ngx_queue_init(&table->unused);

    last = (u_char *) memory + size;

    for (p = (u_char *) (table + 1); p + room <= last; p += room) {
        entry = (ngx_cr_table_entry_t *) p;
        entry->size = value;

        ngx_queue_insert_tail(&table->unused, &entry->queue);
        table->capacity++;
    }

    return table;
}


ngx_int_t
ngx_cr_table_key(const ngx_cr_table_t *table, u_char kind, const ngx_str_t *a,
    const ngx_str_t *b, ngx_cr_table_key_t *key)
{
    size_t         len;
    u_char         text[1 + sizeof(uint64_t) + 1024], *p;
    u_char         digest[EVP_MAX_MD_SIZE];
    uint64_t       first;
    unsigned int   n;

    len = 1 + sizeof(uint64_t) + a->len + ((b != NULL) ? b->len : 0);

    if (len > sizeof(text)) {
        return NGX_ERROR;
    }

    /* the length of the first keeps "a", "bc" apart from "ab", "c" */

    first = a->len;

    p = text;
    *p++ = kind;
    p = ngx_cpymem(p, &first, sizeof(first));
    p = ngx_cpymem(p, a->data, a->len);

    if (b != NULL) {
        ngx_memcpy(p, b->data, b->len);
    }

    if (HMAC(EVP_sha256(), table->secret, NGX_CR_TABLE_SECRET, text, len,
             digest, &n)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(key->bytes, digest, NGX_CR_TABLE_KEY);

    return NGX_OK;
}


void *
ngx_cr_table_find(ngx_cr_table_t *table, const ngx_cr_table_key_t *key)
{
    ngx_cr_table_entry_t  *entry;

    entry = ngx_cr_table_lookup(table, key);

    if (entry == NULL) {
        return NULL;
    }

    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&table->used, &entry->queue);

    return ngx_cr_table_value(entry);
}


void *
ngx_cr_table_get(ngx_cr_table_t *table, const ngx_cr_table_key_t *key)
{
    void                  *value;
    ngx_queue_t           *q;
    ngx_cr_table_entry_t  *entry;

    value = ngx_cr_table_find(table, key);

    if (value != NULL) {
        return value;
    }

    if (ngx_queue_empty(&table->unused)) {
        q = ngx_queue_last(&table->used);
        ngx_cr_table_release(table,
                       ngx_queue_data(q, ngx_cr_table_entry_t, queue));
        table->evicted++;
    }

    q = ngx_queue_head(&table->unused);
    entry = ngx_queue_data(q, ngx_cr_table_entry_t, queue);

    ngx_queue_remove(q);
    ngx_queue_insert_head(&table->used, q);

    entry->key = *key;
    entry->node.key = ngx_cr_table_hash(key);
    ngx_rbtree_insert(&table->tree, &entry->node);

    value = ngx_cr_table_value(entry);
    ngx_memzero(value, entry->size);

    return value;
}


void
ngx_cr_table_drop(ngx_cr_table_t *table, void *value)
{
    ngx_cr_table_release(table, (ngx_cr_table_entry_t *) value - 1);
}


static void
ngx_cr_table_release(ngx_cr_table_t *table, ngx_cr_table_entry_t *entry)
{
    ngx_rbtree_delete(&table->tree, &entry->node);
    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&table->unused, &entry->queue);
}


static ngx_cr_table_entry_t *
ngx_cr_table_lookup(ngx_cr_table_t *table, const ngx_cr_table_key_t *key)
{
    ngx_int_t              rc;
    ngx_rbtree_key_t       hash;
    ngx_rbtree_node_t     *node;
    ngx_cr_table_entry_t  *entry;

    hash = ngx_cr_table_hash(key);
    node = table->tree.root;

    while (node != &table->sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        entry = ngx_rbtree_data(node, ngx_cr_table_entry_t, node);
        rc = ngx_memcmp(key->bytes, entry->key.bytes, NGX_CR_TABLE_KEY);

        if (rc == 0) {
            return entry;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_cr_table_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t    **p;
    ngx_cr_table_entry_t  *entry, *other;

    entry = ngx_rbtree_data(node, ngx_cr_table_entry_t, node);

    for ( ;; ) {

        if (node->key != temp->key) {
            p = (node->key < temp->key) ? &temp->left : &temp->right;

        } else {
            other = ngx_rbtree_data(temp, ngx_cr_table_entry_t, node);

            p = (ngx_memcmp(entry->key.bytes, other->key.bytes,
                            NGX_CR_TABLE_KEY)
                 < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}
