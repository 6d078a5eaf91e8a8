import type { Priority } from '../call.ts';

/** Weights of tenants: one of weight 2 gets twice the share of one of weight 1 while both wait. */
export type TenantWeights = Readonly<Record<string, number>>;

/** Gives items their places among those that wait. */
export interface FairOrder {
  /**
   * Place of an item that comes now: smaller ones leave first. Tenants that wait at the same time get shares of the
   * tokens by their weights, however many items each has sent.
   */
  place(tenant: string, tokens: number): number;
  /** The place that an item of the tenant would get. */
  peek(tenant: string): number;
  /** Told of each item that leaves: time goes on to its place. */
  left(place: number): void;
}

/** Tenants are forgotten once their items have left; this many at a time are looked through. */
const sweepAt = 1024;

/** Start-time fair queueing (Goyal, Vin and Cheng 1996): virtual time is that of the item that left last. */
export function createFairOrder(weights: TenantWeights = {}): FairOrder {
  const finish = new Map<string, number>();
  let virtual = 0;
  const peek = (tenant: string): number => Math.max(virtual, finish.get(tenant) ?? 0);
  return {
    peek,
    place(tenant, tokens) {
      const start = peek(tenant);
      finish.set(tenant, start + tokens / (weights[tenant] ?? 1));
      if (finish.size > sweepAt) {
        for (const [name, end] of finish) if (end <= virtual) finish.delete(name);
      }
      return start;
    },
    left(place) {
      virtual = Math.max(virtual, place);
    },
  };
}

export const priorityClass: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };
