import { type LayerLike, layerPattern, matchLayer, pathText } from './layer-pattern.ts';
import { maskParams } from './mask-params.ts';

/** The part of an Express route that we read. */
export interface RouteLike {
  readonly path?: unknown;
}

/** The part of an Express application that we read. */
export interface AppLike {
  /** The application that it is mounted in. */
  readonly parent?: AppLike | undefined;
  readonly mountpath?: unknown;
  /** Express 4. */
  readonly _router?: { readonly stack?: readonly LayerLike[] } | undefined;
  /** Express 5; in Express 4 a getter that throws. */
  readonly router?: { readonly stack?: readonly LayerLike[] } | undefined;
}

export interface MatchedRoute {
  readonly app: AppLike | undefined;
  /** Text of the path below which the route was found. */
  readonly baseUrl: string;
  readonly route: RouteLike;
}

export interface MountPattern {
  /** Empty, or begins with a slash. */
  readonly pattern: string;
  /** Whether it is the same for each request that this route answers. */
  readonly isConstant: boolean;
}

type Chain = readonly LayerLike[];

/** Routers within routers; one that is mounted in itself has no end. */
const maxDepth = 16;

/**
 * Pattern of the path below which a route is mounted. Express keeps the text of it alone, so that it is looked for in the
 * routers: once a route, as most are in one place.
 */
export function mountPattern({ app, route, baseUrl }: MatchedRoute): MountPattern {
  if (app === undefined) return { pattern: anything(baseUrl), isConstant: false };
  const above = appPattern(app);
  // The application's own part of the text: as many steps as its mount has are its parents'.
  const text = baseUrl
    .split('/')
    .slice(above.split('/').length)
    .reduce((all, step) => `${all}/${step}`, '');
  const chains = chainsTo(route, stackOf(app));
  for (const chain of chains) {
    const { pattern, rest } = follow(chain, text);
    if (pattern === undefined || rest !== '') continue;
    const isConstant = chains.length === 1 && chain.every((layer) => layerPattern(layer) !== undefined);
    return { pattern: above + pattern, isConstant };
  }
  // Its router is called by a function of the app's, which may be mounted somewhere itself.
  let best = { pattern: '', rest: text };
  for (const chain of chainsTo(undefined, stackOf(app))) {
    const { pattern, rest } = follow(chain, text);
    if (pattern !== undefined && rest.length < best.rest.length) best = { pattern, rest };
  }
  return { pattern: above + best.pattern + anything(best.rest), isConstant: false };
}

/** In place of a text that is no pattern: the paths that clients ask for are without number. */
function anything(text: string): string {
  return text === '' ? '' : '/*';
}

/** Where an application is mounted. */
function appPattern(app: AppLike): string {
  return app.parent === undefined ? '' : appPattern(app.parent) + pathText(app.mountpath);
}

function stackOf(app: AppLike): readonly LayerLike[] {
  // Express 4 throws where its `router` is read, and has the other one by the time it finds a route.
  return (app._router ?? app.router)?.stack ?? [];
}

/**
 * The layers that lead to each place of a route, outermost first.
 * @param route undefined for those that lead to anything
 */
function chainsTo(route: RouteLike | undefined, stack: readonly LayerLike[], above: Chain = []): Chain[] {
  const found: Chain[] = [];
  for (const layer of stack) {
    if (layer.route !== undefined) {
      if (layer.route === route) found.push(above);
      continue;
    }
    const chain = [...above, layer];
    if (route === undefined) found.push(chain);
    const below = layer.handle?.stack;
    if (below !== undefined && chain.length < maxDepth) found.push(...chainsTo(route, below, chain));
  }
  return found;
}

/** What the layers make of a path, one after the other; no pattern if one does not match. */
function follow(chain: Chain, path: string): { readonly pattern: string | undefined; readonly rest: string } {
  let pattern = '';
  let rest = path;
  for (const layer of chain) {
    const match = matchLayer(layer, rest === '' ? '/' : rest);
    if (match === undefined) return { pattern: undefined, rest };
    const taken = match.path.endsWith('/') ? match.path.slice(0, -1) : match.path;
    pattern += layerPattern(layer) ?? maskParams(taken, match.params);
    rest = rest.slice(taken.length);
  }
  return { pattern, rest };
}
