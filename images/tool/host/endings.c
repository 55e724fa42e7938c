/* What happens when somebody ends the tool? */
#include "images/tool/host/endings.h"
#include <stddef.h>

static const int signals[ENDINGS] = {SIGINT, SIGTERM, SIGHUP};

void endings_block(sigset_t *mask)
{
    sigset_t all;

    sigemptyset(&all);
    for (size_t i = 0; i < ENDINGS; i++)
        sigaddset(&all, signals[i]);
    sigprocmask(SIG_BLOCK, &all, mask);
}

void endings_catch(void (*handler)(int), struct endings *before)
{
    const struct sigaction action = {.sa_handler = handler};

    for (size_t i = 0; i < ENDINGS; i++)
        if (sigaction(signals[i], NULL, &before->actions[i]) == 0 &&
            before->actions[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
}

void endings_restore(const struct endings *before)
{
    for (size_t i = 0; i < ENDINGS; i++)
        sigaction(signals[i], &before->actions[i], NULL);
}
