/** The parts of Express's router that are read here. */
interface LayerLike {
  readonly handle?: { readonly stack?: readonly LayerLike[] };
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): { readonly path: string } | false | undefined;
}

/** A route of an Express app, wherever it is mounted. */
export interface FoundRoute {
  /** As its own router has it, without what that is mounted below. */
  readonly path: string;
  readonly method: string;
  /** Whether a path of the whole app gets there. */
  takes(path: string): boolean;
}

/**
 * All routes with a handler for a method of their own; `all` is how methods are refused. Express keeps no text of where
 * a router is mounted: its layers are asked what they match.
 */
export function routesOf(app: { readonly router: unknown }): FoundRoute[] {
  const found: FoundRoute[] = [];
  const walk = (stack: readonly LayerLike[], restOf: (path: string) => string | undefined): void => {
    for (const layer of stack) {
      const rest = (path: string): string | undefined => {
        const here = restOf(path);
        const matched = here !== undefined && layer.match(here);
        if (!matched) return undefined;
        // What a mounted router sees: the path without what the mount matched.
        const cut = here.slice(matched.path.length);
        return cut.startsWith('/') ? cut : `/${cut}`;
      };
      if (layer.route) {
        for (const method of Object.keys(layer.route.methods).filter((name) => name !== '_all')) {
          found.push({
            path: String(layer.route.path),
            method,
            takes: (path) => {
              const here = restOf(path);
              return here !== undefined && Boolean(layer.match(here));
            },
          });
        }
      } else if (layer.handle?.stack) walk(layer.handle.stack, rest);
    }
  };
  walk((app.router as { readonly stack: readonly LayerLike[] }).stack, (path) => path);
  return found;
}
