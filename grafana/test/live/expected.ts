import { existsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** Panels that may be straight lines under this load, and why. */
export const constant: Readonly<Record<string, string>> = {
  'Fast requests, 3 days': 'on a quick machine all of them are',
  'Burn rate of latency': 'the same',
  'Queue depth': 'a queue may be empty whenever it is looked at; its depth at arrival is not',
  'Event loop blocked': 'nor is it blocked there',
  'Blocks of the event loop': 'the same',
  'GPU errors': 'they come evenly',
  'GPU memory, all readings': 'readings come evenly, into one bucket',
  'GPU utilisation, all readings': 'the same',
  'Key/value cache': 'generations may be over whenever it is looked at',
  'Generation slots': 'the same',
  'Last sample': 'one a second, and it is looked at every three',
  'Instances by version': 'one instance, of one version',
  'Cold start, by phase': 'there was one',
  'Time to load a model': 'they were loaded once',
  'Memory events': 'nobody runs out of memory',
  'Waiting for CPU': 'a machine with cores to spare makes nobody wait',
  'Waiting for memory': 'nor one with memory',
  'Waiting for disks': 'nor one whose files are in memory',
  'CPU throttling': 'a limit may be far away',
  Executors: 'all of them are ready',
  'Executors started again': 'none crashes',
  'Open files': 'connections stay for as long as clients do',
  'Block in progress': 'a block is over long before it is looked at',
  'Spans dropped': 'none are',
  'Refused and failed spans': 'none are',
  'GPU memory by process': 'a process keeps what it has',
  'Slowed down': 'the GPU is capped all the time',
  'GPU state': 'the GPU is well',
  'Targets that answer': 'all of them do',
  'Samples in a scrape': 'no label gets a new value under an even load',
};

/** Panels, or `panel: legend`, that this load or this machine cannot fill, and why. */
export const absent: Readonly<Record<string, string>> = {
  'Refused and failed spans: failed {{exporter}}': 'the Collector has no such counter until one fails',
  ...(availableParallelism() < cpus().length
    ? {}
    : {
        'CPU of the container: limit {{instance}}': 'no CPU limit here',
        'CPU throttling': 'no CPU limit here',
      }),
  ...(process.constrainedMemory() > 0 && process.constrainedMemory() < totalmem()
    ? {}
    : { 'Memory of the container: limit {{instance}}': 'no memory limit here' }),
  ...(existsSync('/proc/pressure/cpu')
    ? {}
    : Object.fromEntries(
        ['CPU', 'memory', 'disks'].map((what) => [`Waiting for ${what}`, 'a kernel without PSI']),
      )),
};

/** Metrics that are there only once what an alert looks for has happened, or on a machine with limits. */
export const absentMetrics: RegExp =
  /otelcol_exporter_(send|enqueue)_failed|gpu_poll_failures|inference_cgroup_/;
