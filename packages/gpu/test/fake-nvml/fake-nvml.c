/*
 * A libnvidia-ml.so.1 without a GPU, for tests: it answers what a script says, with the layouts of NVIDIA's nvml.h
 * (12 and 13). README.md has the script's grammar. The script is read again when it has changed, so that a test can
 * change what the devices say while they are read.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long long u64;
typedef void *Device;

enum {
  SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
  TIMEOUT = 10, ARGUMENT_VERSION_MISMATCH = 25
};

/* What can be scripted of a device, in the order of `names`. */
enum Key {
  ALL, HANDLE, UUID, NAME, MINOR, CORES, MAX_CLOCK, UTILIZATION, MEMORY, POWER, ENERGY, TEMPERATURE, SM_CLOCK,
  MEMORY_CLOCK, PCIE, THROTTLED, THROTTLE_SUPPORTED, ECC, REPLAYS, REMAPPED, ENCODER, DECODER, PROCESSES, GRAPHICS,
  PROCESS_UTILIZATION, MIG, INSTANCE, EVENTS, FIELDS, KEYS
};
static const char *names[KEYS] = {
  "*", "handle", "uuid", "name", "minor", "cores", "max_clock", "utilization", "memory", "power", "energy",
  "temperature", "sm_clock", "memory_clock", "pcie", "throttled", "throttle_supported", "ecc", "replays", "remapped",
  "encoder", "decoder", "processes", "graphics", "process_utilization", "mig", "instance", "events", "fields"
};

#define DEVICES 16
#define INSTANCES 8 /* MIG devices of one device; number 0 is the device itself */
#define FIELDS_MAX 300
#define XIDS 64

/* `3`, `error 15`, `hang`; a number may grow: `1000+350/s`. */
typedef struct {
  int isSet, isHang, isCrash, error, count;
  struct { u64 base; double perSecond; } number[8];
  char text[160];
} Value;

typedef struct {
  int devices;
  Value init, driver, version;
  Value value[DEVICES][INSTANCES + 1][KEYS];
  Value field[DEVICES][FIELDS_MAX];
  int xids;
  struct { int device, xid; } xid[XIDS];
} Script;

static Script script;
static int initialized, deliveredXids;
static unsigned registered;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec seen, looked, started;
static off_t seenSize = -1;

static const char *byDefault =
  "devices 1\n"
  "* utilization 40 20\n* memory 85899345920 524288000 8589934592\n* power 350000\n* energy 1000000+350000/s\n"
  "* temperature 45\n* sm_clock 1980\n* memory_clock 2619\n* pcie 120000 340000\n* throttled 0\n"
  "* throttle_supported 0x1ff\n* ecc 0 0\n* encoder 0\n* decoder 0\n* events on\n"
  "* processes parent:4294967296\n* process_utilization parent:38:12:0:0\n";

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec - started.tv_sec + (now.tv_nsec - started.tv_nsec) / 1e9;
}

static void readValue(Value *value, char *text) {
  memset(value, 0, sizeof *value);
  value->isSet = 1;
  while (*text == ' ') text++;
  snprintf(value->text, sizeof value->text, "%s", text);
  if (strncmp(text, "hang", 4) == 0) value->isHang = 1;
  if (strncmp(text, "crash", 5) == 0) value->isCrash = 1;
  if (strncmp(text, "error ", 6) == 0) { value->error = atoi(text + 6); return; }
  while (*text && value->count < 8) {
    char *end;
    u64 base = strtoull(text, &end, 0);
    if (end == text) break;
    value->number[value->count].base = base;
    value->number[value->count].perSecond = *end == '+' ? strtod(end + 1, &end) : 0;
    value->count++;
    text = strchr(end, ' ');
    if (text == NULL) break;
    while (*text == ' ') text++;
  }
}

static void setDevice(int device, int instance, char *key, char *rest) {
  if (strcmp(key, "xid") == 0) {
    if (script.xids < XIDS) script.xid[script.xids++] = (__typeof__(script.xid[0])){device, atoi(rest)};
    return;
  }
  if (strncmp(key, "field_", 6) == 0) {
    int id = atoi(key + 6);
    if (id > 0 && id < FIELDS_MAX) readValue(&script.field[device][id], rest);
    return;
  }
  for (int k = 0; k < KEYS; k++)
    if (strcmp(key, names[k]) == 0) { readValue(&script.value[device][instance][k], rest); return; }
  fprintf(stderr, "fake nvml: no key %s\n", key);
}

static void readLine(char *line) {
  char scope[32], key[40];
  int used = 0;
  if (line[0] == '#' || sscanf(line, "%31s %n", scope, &used) < 1) return;
  char *rest = line + used;
  if (strcmp(scope, "devices") == 0) { script.devices = atoi(rest); return; }
  if (strcmp(scope, "init") == 0) { readValue(&script.init, rest); return; }
  if (strcmp(scope, "driver") == 0) { readValue(&script.driver, rest); return; }
  if (sscanf(rest, "%39s %n", key, &used) < 1) return;
  rest += used;
  if (strcmp(scope, "*") == 0) {
    for (int d = 0; d < DEVICES; d++) setDevice(d, 0, key, rest);
    return;
  }
  char *dot = strchr(scope, '.');
  int device = atoi(scope), instance = dot ? atoi(dot + 1) + 1 : 0;
  if (device < DEVICES && instance <= INSTANCES) setDevice(device, instance, key, rest);
}

static void readText(const char *text) {
  char *copy = strdup(text), *at = copy, *line;
  while ((line = strsep(&at, "\n")) != NULL) readLine(line);
  free(copy);
}

static void readFile(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return;
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  while ((length = getline(&line, &room, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    readLine(line);
  }
  free(line);
  fclose(file);
}

/* Reads the script when it is new, looking no more often than every 2 ms: a look costs as much as a call. */
static void refresh(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (started.tv_sec == 0) started = now;
  else if ((now.tv_sec - looked.tv_sec) * 1000000000LL + now.tv_nsec - looked.tv_nsec < 2000000) return;
  looked = now;
  const char *path = getenv("FAKE_NVML_SCRIPT");
  struct stat found;
  if (path == NULL || stat(path, &found) != 0) {
    if (seenSize == -1) { seenSize = -2; readText(byDefault); }
    return;
  }
  if (found.st_size == seenSize && found.st_mtim.tv_sec == seen.tv_sec && found.st_mtim.tv_nsec == seen.tv_nsec) return;
  seen = found.st_mtim;
  seenSize = found.st_size;
  memset(&script, 0, sizeof script);
  readFile(path);
}

static u64 number(const Value *value, int i) {
  return value->number[i].base + (u64)(value->number[i].perSecond * seconds());
}

static int hangOrError(const Value *value) {
  if (value->isHang) for (;;) pause();
  if (value->isCrash) abort();
  return value->error;
}

/* A handle is the place of the device's values; 1 is added so that none is null. */
static Device handleOf(int device, int instance) { return (Device)(size_t)(device * 100 + instance + 1); }
static int deviceOf(Device handle) { return ((int)(size_t)handle - 1) / 100; }
static int instanceOf(Device handle) { return ((int)(size_t)handle - 1) % 100; }

/* The value of a device; `code` is what the call is to return where there is none. */
static const Value *find(Device handle, enum Key key, int *code) {
  pthread_mutex_lock(&lock);
  refresh();
  pthread_mutex_unlock(&lock);
  if (!initialized) { *code = UNINITIALIZED; return NULL; }
  int device = deviceOf(handle), instance = instanceOf(handle);
  if (handle == NULL || device >= DEVICES || instance > INSTANCES) { *code = INVALID_ARGUMENT; return NULL; }
  const Value *all = &script.value[device][instance][ALL];
  if (all->isSet && (*code = hangOrError(all)) != 0) return NULL;
  const Value *value = &script.value[device][instance][key];
  if (!value->isSet) { *code = NOT_SUPPORTED; return NULL; }
  *code = hangOrError(value);
  return *code == 0 ? value : NULL;
}

static int one(Device device, enum Key key, int i, unsigned *out) {
  int code;
  const Value *value = find(device, key, &code);
  if (value == NULL) return code;
  if (i >= value->count) return NOT_SUPPORTED;
  *out = (unsigned)number(value, i);
  return SUCCESS;
}

static int one64(Device device, enum Key key, int i, u64 *out) {
  int code;
  const Value *value = find(device, key, &code);
  if (value == NULL) return code;
  if (i >= value->count) return NOT_SUPPORTED;
  *out = number(value, i);
  return SUCCESS;
}

static int text(const char *from, char *to, unsigned length) {
  if (strlen(from) + 1 > length) return INSUFFICIENT_SIZE;
  strcpy(to, from);
  return SUCCESS;
}

/* ---- library ---- */

int nvmlInit_v2(void) {
  pthread_mutex_lock(&lock);
  refresh();
  pthread_mutex_unlock(&lock);
  int code = hangOrError(&script.init);
  if (code == SUCCESS) initialized = 1;
  return code;
}
int nvmlInit(void) { return nvmlInit_v2(); }

int nvmlShutdown(void) {
  if (!initialized) return UNINITIALIZED;
  initialized = 0;
  return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *version, unsigned length) {
  if (!initialized) return UNINITIALIZED;
  int code = hangOrError(&script.driver);
  return code ? code : text(script.driver.isSet ? script.driver.text : "570.86.15", version, length);
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  pthread_mutex_lock(&lock);
  refresh();
  pthread_mutex_unlock(&lock);
  if (!initialized) return UNINITIALIZED;
  *count = script.devices;
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device *device) {
  if (!initialized) return UNINITIALIZED;
  if ((int)index >= script.devices) return INVALID_ARGUMENT;
  int code;
  find(handleOf(index, 0), HANDLE, &code);
  if (code != SUCCESS && code != NOT_SUPPORTED) return code;
  *device = handleOf(index, 0);
  return SUCCESS;
}

/* ---- what a device is ---- */

int nvmlDeviceGetUUID(Device device, char *uuid, unsigned length) {
  int code;
  const Value *value = find(device, UUID, &code);
  if (value) return text(value->text, uuid, length);
  if (code != NOT_SUPPORTED) return code;
  char made[80];
  int instance = instanceOf(device);
  if (instance == 0) snprintf(made, sizeof made, "GPU-00000000-0000-4000-8000-%012d", deviceOf(device));
  else snprintf(made, sizeof made, "MIG-00000000-0000-5000-8000-%010d%02d", deviceOf(device), instance - 1);
  return text(made, uuid, length);
}

int nvmlDeviceGetName(Device device, char *name, unsigned length) {
  int code;
  const Value *value = find(device, NAME, &code);
  if (value) return text(value->text, name, length);
  return code == NOT_SUPPORTED ? text("NVIDIA H100 80GB HBM3", name, length) : code;
}

int nvmlDeviceGetMinorNumber(Device device, unsigned *minor) {
  int code = one(device, MINOR, 0, minor);
  if (code != NOT_SUPPORTED || instanceOf(device) > 0) return code;
  *minor = deviceOf(device);
  return SUCCESS;
}

int nvmlDeviceGetNumGpuCores(Device device, unsigned *cores) { return one(device, CORES, 0, cores); }
int nvmlDeviceGetMaxClockInfo(Device device, int type, unsigned *clock) {
  (void)type;
  return one(device, MAX_CLOCK, 0, clock);
}

int nvmlDeviceGetMigMode(Device device, unsigned *current, unsigned *pending) {
  int code = one(device, MIG, 0, current);
  if (code == SUCCESS) { *current = *current > 0; *pending = *current; }
  return code;
}
int nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned *count) {
  int code = one(device, MIG, 0, count);
  if (code == SUCCESS) *count = 7;
  return code;
}
int nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned index, Device *mig) {
  unsigned count;
  int code = one(device, MIG, 0, &count);
  if (code != SUCCESS) return code;
  if (index >= count || index >= INSTANCES) return NOT_FOUND;
  *mig = handleOf(deviceOf(device), index + 1);
  return SUCCESS;
}
static int instanceId(Device device, int i, unsigned *id) {
  if (instanceOf(device) == 0) return INVALID_ARGUMENT;
  int code = one(device, INSTANCE, i, id);
  if (code != NOT_SUPPORTED) return code;
  *id = i == 0 ? instanceOf(device) - 1 : 0;
  return SUCCESS;
}
int nvmlDeviceGetGpuInstanceId(Device device, unsigned *id) { return instanceId(device, 0, id); }
int nvmlDeviceGetComputeInstanceId(Device device, unsigned *id) { return instanceId(device, 1, id); }

/* ---- readings ---- */

typedef struct { unsigned gpu, memory; } Utilization;
int nvmlDeviceGetUtilizationRates(Device device, Utilization *out) {
  int code = one(device, UTILIZATION, 0, &out->gpu);
  return code ? code : one(device, UTILIZATION, 1, &out->memory);
}

/* Script: total, reserved, used. */
typedef struct { unsigned version; u64 total, reserved, free, used; } Memory2;
typedef struct { u64 total, free, used; } Memory1;
int nvmlDeviceGetMemoryInfo_v2(Device device, Memory2 *out) {
  if (out->version != (sizeof *out | 2u << 24)) return ARGUMENT_VERSION_MISMATCH;
  int code = one64(device, MEMORY, 0, &out->total);
  if (code == SUCCESS) code = one64(device, MEMORY, 1, &out->reserved);
  if (code == SUCCESS) code = one64(device, MEMORY, 2, &out->used);
  if (code == SUCCESS) out->free = out->total - out->reserved - out->used;
  return code;
}
int nvmlDeviceGetMemoryInfo(Device device, Memory1 *out) {
  Memory2 all = {.version = sizeof all | 2u << 24};
  int code = nvmlDeviceGetMemoryInfo_v2(device, &all);
  if (code == SUCCESS) *out = (Memory1){all.total, all.free, all.used + all.reserved};
  return code;
}

int nvmlDeviceGetPowerUsage(Device device, unsigned *milliwatts) { return one(device, POWER, 0, milliwatts); }
int nvmlDeviceGetTotalEnergyConsumption(Device device, u64 *millijoules) { return one64(device, ENERGY, 0, millijoules); }
int nvmlDeviceGetTemperature(Device device, int sensor, unsigned *celsius) {
  return sensor == 0 ? one(device, TEMPERATURE, 0, celsius) : INVALID_ARGUMENT;
}
typedef struct { unsigned version; int sensor; int celsius; } Temperature;
int nvmlDeviceGetTemperatureV(Device device, Temperature *out) {
  if (out->version != (sizeof *out | 1u << 24)) return ARGUMENT_VERSION_MISMATCH;
  return nvmlDeviceGetTemperature(device, out->sensor, (unsigned *)&out->celsius);
}
int nvmlDeviceGetClockInfo(Device device, int type, unsigned *megahertz) {
  if (type == 1) return one(device, SM_CLOCK, 0, megahertz);
  return type == 2 ? one(device, MEMORY_CLOCK, 0, megahertz) : INVALID_ARGUMENT;
}
int nvmlDeviceGetPcieThroughput(Device device, int counter, unsigned *kilobytes) { return one(device, PCIE, counter, kilobytes); }
int nvmlDeviceGetPcieReplayCounter(Device device, unsigned *replays) { return one(device, REPLAYS, 0, replays); }
int nvmlDeviceGetCurrentClocksEventReasons(Device device, u64 *reasons) { return one64(device, THROTTLED, 0, reasons); }
int nvmlDeviceGetCurrentClocksThrottleReasons(Device device, u64 *reasons) { return one64(device, THROTTLED, 0, reasons); }
int nvmlDeviceGetSupportedClocksEventReasons(Device device, u64 *reasons) { return one64(device, THROTTLE_SUPPORTED, 0, reasons); }
int nvmlDeviceGetSupportedClocksThrottleReasons(Device device, u64 *reasons) { return one64(device, THROTTLE_SUPPORTED, 0, reasons); }
int nvmlDeviceGetTotalEccErrors(Device device, int type, int counter, u64 *errors) {
  (void)counter;
  return one64(device, ECC, type, errors);
}
int nvmlDeviceGetRemappedRows(Device device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
  int code = one(device, REMAPPED, 0, corrected);
  if (code == SUCCESS) code = one(device, REMAPPED, 1, uncorrected);
  if (code == SUCCESS) code = one(device, REMAPPED, 2, pending);
  return code ? code : one(device, REMAPPED, 3, failed);
}
int nvmlDeviceGetEncoderUtilization(Device device, unsigned *utilization, unsigned *periodUs) {
  *periodUs = 167000;
  return one(device, ENCODER, 0, utilization);
}
int nvmlDeviceGetDecoderUtilization(Device device, unsigned *utilization, unsigned *periodUs) {
  *periodUs = 167000;
  return one(device, DECODER, 0, utilization);
}

/* ---- processes: `1234:1073741824`; `parent` is the process that started this one, `none` a size that is not known ---- */

static unsigned pidOf(const char *text) { return strncmp(text, "parent", 6) == 0 ? (unsigned)getppid() : (unsigned)atoi(text); }

typedef struct { unsigned pid; u64 used; unsigned gpuInstance, computeInstance; } ProcessInfo;
static int processes(Device device, enum Key key, unsigned *count, ProcessInfo *out) {
  int code;
  const Value *value = find(device, key, &code);
  if (value == NULL) return code;
  unsigned found = 0, room = *count;
  for (const char *at = value->text; at && *at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
    const char *colon = strchr(at, ':');
    if (colon == NULL) break;
    if (found < room && out != NULL)
      out[found] = (ProcessInfo){pidOf(at), strncmp(colon + 1, "none", 4) == 0 ? ~0ULL : strtoull(colon + 1, NULL, 10), ~0u, ~0u};
    found++;
  }
  *count = found;
  return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned *count, ProcessInfo *out) { return processes(device, PROCESSES, count, out); }
int nvmlDeviceGetGraphicsRunningProcesses_v3(Device device, unsigned *count, ProcessInfo *out) { return processes(device, GRAPHICS, count, out); }

/* `1234:80:20:0:0`: SM, memory, encoder, decoder, percent. */
typedef struct { unsigned pid; u64 timeStamp; unsigned sm, memory, encoder, decoder; } ProcessUtilization;
int nvmlDeviceGetProcessUtilization(Device device, ProcessUtilization *out, unsigned *count, u64 since) {
  int code;
  const Value *value = find(device, PROCESS_UTILIZATION, &code);
  if (value == NULL) return code;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  u64 timeStamp = now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
  unsigned found = 0, room = *count;
  if (timeStamp <= since) return NOT_FOUND;
  for (const char *at = value->text; at && *at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL) {
    const char *colon = strchr(at, ':');
    unsigned use[4] = {0};
    if (colon == NULL || sscanf(colon, ":%u:%u:%u:%u", &use[0], &use[1], &use[2], &use[3]) < 1) break;
    if (found < room && out != NULL) out[found] = (ProcessUtilization){pidOf(at), timeStamp, use[0], use[1], use[2], use[3]};
    found++;
  }
  *count = found;
  if (found == 0) return NOT_FOUND;
  return found > room || out == NULL ? INSUFFICIENT_SIZE : SUCCESS;
}

/* ---- fields: `field_138 1000+5/s`, a second number is the type (1 unsigned int, 3 unsigned long long) ---- */

typedef struct {
  unsigned id, scope;
  long long timestamp, latency;
  int type, code;
  u64 value;
} FieldValue;
int nvmlDeviceGetFieldValues(Device device, int count, FieldValue *out) {
  int code;
  find(device, FIELDS, &code);
  if (code != SUCCESS && code != NOT_SUPPORTED) return code;
  if (instanceOf(device) > 0) return NOT_SUPPORTED;
  for (int i = 0; i < count; i++) {
    const Value *value = out[i].id < FIELDS_MAX ? &script.field[deviceOf(device)][out[i].id] : NULL;
    out[i].code = value && value->isSet ? hangOrError(value) : NOT_SUPPORTED;
    if (out[i].code != SUCCESS) continue;
    out[i].type = value->count > 1 ? (int)value->number[1].base : 3;
    u64 read = number(value, 0);
    if (out[i].type == 1) { unsigned narrow = (unsigned)read; memcpy(&out[i].value, &narrow, sizeof narrow); }
    else out[i].value = read;
  }
  return SUCCESS;
}

/* ---- events: `0 xid 79`; those that the script has when a device is registered have been before ---- */

int nvmlEventSetCreate(void **set) {
  deliveredXids = script.xids;
  registered = 0;
  *set = &registered;
  return SUCCESS;
}
int nvmlEventSetFree(void *set) { (void)set; return SUCCESS; }
int nvmlDeviceRegisterEvents(Device device, u64 types, void *set) {
  (void)set;
  int code;
  if (find(device, EVENTS, &code) == NULL) return code;
  if ((types & 8) == 0) return INVALID_ARGUMENT;
  registered |= 1u << deviceOf(device);
  return SUCCESS;
}
typedef struct { Device device; u64 type, data; unsigned gpuInstance, computeInstance; } EventData;
int nvmlEventSetWait_v2(void *set, EventData *out, unsigned timeoutMs) {
  (void)set;
  (void)timeoutMs;
  pthread_mutex_lock(&lock);
  refresh();
  pthread_mutex_unlock(&lock);
  if (!initialized) return UNINITIALIZED;
  while (deliveredXids < script.xids) {
    int device = script.xid[deliveredXids].device, xid = script.xid[deliveredXids].xid;
    deliveredXids++;
    if ((registered >> device & 1) == 0) continue;
    *out = (EventData){handleOf(device, 0), 8, xid, ~0u, ~0u};
    return SUCCESS;
  }
  return TIMEOUT;
}

/* Sizes of the layouts above, for the test that compares ours with them. */
unsigned fakeNvmlSizeOf(int layout) {
  switch (layout) {
    case 0: return sizeof(Memory2);
    case 1: return sizeof(Memory1);
    case 2: return sizeof(ProcessInfo);
    case 3: return sizeof(ProcessUtilization);
    case 4: return sizeof(FieldValue);
    case 5: return sizeof(EventData);
    case 6: return sizeof(Utilization);
    case 7: return sizeof(Temperature);
    default: return 0;
  }
}
