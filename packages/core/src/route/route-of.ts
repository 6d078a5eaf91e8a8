import { IncomingMessage } from 'node:http';
import { pathText } from './layer-pattern.ts';
import { type AppLike, mountPattern, type RouteLike } from './mount-pattern.ts';

/** What Express adds to a request. */
export interface Routed {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly route?: RouteLike;
  readonly app?: AppLike;
}

const routeKey: unique symbol = Symbol.for('inferometer.route') as never;
const baseKey: unique symbol = Symbol.for('inferometer.route.base') as never;
const appKey: unique symbol = Symbol.for('inferometer.route.app') as never;

interface Matched extends Routed {
  [routeKey]?: RouteLike | undefined;
  /** Path below which the route was found, and the app that it belongs to: Express forgets both when a handler fails. */
  [baseKey]?: string | undefined;
  [appKey]?: AppLike | undefined;
}

/**
 * Notes where a route was found when Express sets it on a request. An accessor of the prototype costs nothing, one of
 * each request 0.3 µs.
 */
export function watchRoutes(): void {
  if (routeKey in IncomingMessage.prototype) return;
  Object.defineProperties(IncomingMessage.prototype, {
    [routeKey]: { value: undefined, writable: true },
    route: {
      configurable: true,
      enumerable: true,
      get(this: Matched) {
        return this[routeKey];
      },
      set(this: Matched, route: RouteLike | undefined) {
        this[routeKey] = route;
        this[baseKey] = this.baseUrl;
        this[appKey] = this.app;
      },
    },
  });
}

/** Patterns of routes that are found in one place only. */
const known = new WeakMap<RouteLike, string>();

/** Pattern of the route that answered, such as `/users/:id`, as Express knows it; empty without one. */
export function routeOf(request: Routed): string {
  const matched = request as Matched;
  const route = request.route;
  if (typeof route !== 'object' || route === null || route.path === undefined) return '';
  const before = known.get(route);
  if (before !== undefined) return before;
  const mount = mountPattern({
    app: matched[appKey] ?? request.app,
    baseUrl: matched[baseKey] ?? request.baseUrl ?? '',
    route,
  });
  // A router mounted at /v1 that answers its own root is /v1, the application's root is /.
  const pattern = mount.pattern + pathText(route.path) || '/';
  if (mount.isConstant) known.set(route, pattern);
  return pattern;
}
