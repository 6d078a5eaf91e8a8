import { isNamed, type VisibleCandidate } from './candidate.ts';

/**
 * The devices that `NVIDIA_VISIBLE_DEVICES` leaves to a container, parts included.
 *
 * Its numbers are the host's, while a container that got its devices from NVIDIA's runtime sees them numbered from 0. So
 * numbers count for something only where more devices are seen than are listed: on the host, or in a container that
 * sees all of them. UUIDs mean the same everywhere.
 * @param value of the variable; undefined where it is not set
 * @param hasNode whether `/dev/nvidiaN` is there
 */
export function containerDevices<T extends VisibleCandidate>(
  all: readonly T[],
  value: string | undefined,
  hasNode: (minor: number) => boolean,
): readonly T[] {
  const text = value?.trim() ?? '';
  if (text === '' || text === 'all') return all;
  if (text === 'none') return [];
  // The runtime gave none; what is there came another way, such as from a device plugin by CDI, which sets this.
  if (text === 'void') return all.filter(({ minor }) => minor !== undefined && hasNode(minor));
  const listed = text.split(',').map((entry) => entry.trim());
  const numbers = listed.filter((entry) => /^\d+(:\d+)?$/.test(entry));
  const uuids = listed.filter((entry) => /^(GPU|MIG)-./.test(entry));
  const byNumber = isFiltered(all, numbers, listed.length)
    ? all
    : all.filter((one) => isNumbered(one, numbers));
  const named = all.filter((one) => uuids.some((uuid) => isNamed(one, uuid) || isPartOf(one, uuid)));
  if (uuids.length === 0) return byNumber;
  const chosen = new Set(numbers.length === 0 ? named : [...named, ...byNumber]);
  return all.filter((one) => chosen.has(one));
}

/** Whether what is seen is already no more than what is listed. */
function isFiltered(all: readonly VisibleCandidate[], numbers: readonly string[], listed: number): boolean {
  if (numbers.length === 0) return false;
  const [divided, whole] = [numbers.filter((n) => n.includes(':')), numbers.filter((n) => !n.includes(':'))];
  const parts = all.filter(({ parentId }) => parentId !== undefined).length;
  if (divided.length > 0 && whole.length === 0) return parts > 0 && parts <= divided.length;
  const devices = all.filter(({ parentId }) => parentId === undefined).length;
  return devices <= listed;
}

/** `0` is a device with all its parts, `0:1` the second part of the first device. */
function isNumbered({ index, partIndex }: VisibleCandidate, numbers: readonly string[]): boolean {
  return (
    numbers.includes(`${index}`) || (partIndex !== undefined && numbers.includes(`${index}:${partIndex}`))
  );
}

function isPartOf({ parentId }: VisibleCandidate, uuid: string): boolean {
  return parentId?.startsWith(uuid) ?? false;
}
