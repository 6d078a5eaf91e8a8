import { inferometer } from '@inferometer/express';
import express5, { type Express, type NextFunction, type Request, type Response } from 'express';
import { describe, expect, test } from 'vitest';
import { record, seen, serve, versions } from './serving.ts';

describe.each(versions)('%s', (version, express) => {
  const wildcard = version === 'Express 4' ? '/files/*' : '/files/*path';

  async function routesOf(build: (app: Express) => void, ...asked: string[]): Promise<string[]> {
    const { telemetry, records } = record();
    const app = express();
    app.set('env', 'production');
    app.use(inferometer({ telemetry }));
    build(app);
    const { url } = await serve(app);
    for (const one of asked) {
      const [method, path] = one.includes(' ') ? (one.split(' ') as [string, string]) : ['GET', one];
      await (await fetch(url + path, { method })).arrayBuffer();
    }
    return (await records(asked.length)).map(seen);
  }

  const ok = (_request: Request, response: Response) => void response.send('ok');
  const logless = (_error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    void response.status(500).end();

  test('a route is its pattern, never the path', async () => {
    const routes = await routesOf(
      (app) => {
        app.get('/', ok);
        app.get('/users/:id', ok);
        app.get('/users/:id/posts/:post', ok);
        app.get(wildcard, ok);
        app.post('/users', ok);
      },
      '/',
      '/users/1?full=1',
      '/users/2',
      '/users/2/posts/3',
      '/files/a/b/c',
      'POST /users',
      'HEAD /users/4',
    );
    expect(routes).toEqual([
      'GET / 200',
      'GET /users/:id 200',
      'GET /users/:id 200',
      'GET /users/:id/posts/:post 200',
      `GET ${wildcard} 200`,
      'POST /users 200',
      'HEAD /users/:id 200',
    ]);
  });

  test('expressions and lists of patterns are shown as Express prints them', async () => {
    const routes = await routesOf(
      (app) => {
        app.get(/^\/v(\d+)$/, ok);
        app.get(['/cat', '/cats/:id'], ok);
      },
      '/v17',
      '/cat',
      '/cats/5',
    );
    expect(routes).toEqual(['GET /^\\/v(\\d+)$/ 200', 'GET /cat,/cats/:id 200', 'GET /cat,/cats/:id 200']);
  });

  test('a router’s routes have the pattern at which it is mounted before them', async () => {
    const routes = await routesOf(
      (app) => {
        const posts = express.Router({ mergeParams: true });
        posts.get('/', ok);
        posts.get('/:post', ok);
        const users = express.Router();
        users.get('/', ok);
        users.get('/:id', ok);
        users.use('/:id/posts', posts);
        app.use('/api/users', users);
        app.use('/tenants/:tenant', users);
      },
      '/api/users',
      '/api/users/7',
      '/API/Users/7/posts',
      '/api/users/users/posts/posts',
      '/tenants/acme/',
      '/tenants/acme/acme',
      '/tenants/a%20b/7/posts/8',
    );
    expect(routes).toEqual([
      'GET /api/users 200',
      'GET /api/users/:id 200',
      'GET /api/users/:id/posts 200',
      'GET /api/users/:id/posts/:post 200',
      'GET /tenants/:tenant 200',
      'GET /tenants/:tenant/:id 200',
      'GET /tenants/:tenant/:id/posts/:post 200',
    ]);
  });

  test('patterns of mounts: parameters with expressions, options, lists, expressions', async () => {
    const optional = version === 'Express 4' ? '/:lang?/pages' : '{/:lang}/pages';
    const part = version === 'Express 4' ? '/v:major(\\d+)' : '/v:major';
    const routes = await routesOf(
      (app) => {
        const router = express.Router();
        router.get('/:id', ok);
        app.use(part, router);
        app.use(optional, router);
        app.use(['/a/:x', '/b'], express.Router().get('/one', ok));
        app.use(/^\/n\d+/, express.Router().get('/two', ok));
      },
      '/v12/5',
      '/de/pages/5',
      '/pages/5',
      '/a/3/one',
      '/n77/two',
      '/n78/two',
    );
    const pattern = version === 'Express 4' ? ['/v:major', '/:lang?/pages'] : ['/v:major', '{/:lang}/pages'];
    expect(routes).toEqual([
      `GET ${pattern[0]}/:id 200`,
      `GET ${pattern[1]}/:id 200`,
      `GET ${pattern[1]}/:id 200`,
      'GET /a/:x,/b/one 200',
      'GET /^\\/n\\d+//two 200',
      'GET /^\\/n\\d+//two 200',
    ]);
  });

  test('an app mounted in an app, twice over', async () => {
    const routes = await routesOf(
      (app) => {
        const inner = express();
        inner.get('/items/:id', ok);
        inner.get('/broken/:id', (_request, _response, next) => next(new Error('on purpose')));
        const middle = express();
        middle.use('/inner', inner);
        app.use('/api/:version', middle);
        app.use(logless);
      },
      // The first request of all fails: nothing has been learnt from a good one.
      '/api/v1/inner/broken/3',
      '/api/v1/inner/items/4',
      '/api/v1/inner/missing',
    );
    expect(routes).toEqual([
      'GET /api/:version/inner/broken/:id 500 500',
      'GET /api/:version/inner/items/:id 200',
      'GET  404 404',
    ]);
  });

  test('errors, thrown at once or later or handed on, keep the route that they came from', async () => {
    const routes = await routesOf(
      (app) => {
        const router = express.Router();
        router.get('/throws/:id', () => {
          throw new Error('on purpose');
        });
        router.get('/next/:id', (_request, _response, next) => next(new Error('on purpose')));
        router.get('/later/:id', (_request, _response, next) => {
          setTimeout(() => next(Object.assign(new Error('full'), { status: 503 })), 5);
        });
        router.get('/rejects/:id', async (_request, _response, next) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          const error = new Error('on purpose');
          // Express 4 does not look at promises.
          if (version === 'Express 4') next(error);
          else throw error;
        });
        app.use('/deep/:where', router);
        // Express' own error handler answers.
        app.set('env', 'test');
      },
      '/deep/a/throws/1',
      '/deep/a/next/2',
      '/deep/a/later/3',
      '/deep/a/rejects/4',
    );
    expect(routes).toEqual([
      'GET /deep/:where/throws/:id 500 500',
      'GET /deep/:where/next/:id 500 500',
      'GET /deep/:where/later/:id 503 503',
      'GET /deep/:where/rejects/:id 500 500',
    ]);
  });

  test('without a route there is none: paths that clients make up are no labels', async () => {
    const routes = await routesOf(
      (app) => {
        app.use('/static', (request, response, next) => {
          if (request.path === '/a.css') response.end('css');
          else next();
        });
      },
      '/wp-login.php?x=1',
      '/static/a.css',
      '/static/b.css',
    );
    expect(routes).toEqual(['GET  404 404', 'GET  200', 'GET  404 404']);
  });

  test('a route that leaves a request to the next one is not the one that answered', async () => {
    const routes = await routesOf((app) => {
      app.get('/users/:id', (_request, _response, next) => next());
      app.get('/users/me', ok);
    }, '/users/me');
    expect(routes).toEqual(['GET /users/me 200']);
  });

  test('one router in two places, and a router that a function calls', async () => {
    const routes = await routesOf(
      (app) => {
        const router = express.Router();
        router.get('/models/:name', ok);
        app.use('/v1', router);
        app.use('/v2', router);
        app.use('/t/:tenant', (request, response, next) => router(request, response, next));
        const deep = express.Router();
        deep.use('/more/:x', router);
        app.use('/lazy', (request, response, next) => deep(request, response, next));
      },
      '/v1/models/a',
      '/v2/models/b',
      '/t/acme/models/c',
      '/lazy/more/5/models/d',
    );
    expect(routes).toEqual([
      'GET /v1/models/:name 200',
      'GET /v2/models/:name 200',
      'GET /t/:tenant/models/:name 200',
      'GET /lazy/*/models/:name 200',
    ]);
  });

  test('the middleware below a path records the whole one', async () => {
    const { telemetry, records } = record();
    const app = express();
    app.use(['/api', '/v1'], inferometer({ telemetry, profiling: false }));
    app.get('/api/:thing', ok);
    const { url } = await serve(app);
    await (await fetch(`${url}/api/5`)).text();
    await (await fetch(`${url}/v1/nothing`)).text();
    await (await fetch(`${url}/elsewhere`)).text();
    const [found, missing, ...more] = await records(2);
    expect([found?.fnName, missing?.fnName, more]).toEqual(['/api/:thing', '/v1/nothing', []]);
  });

  test('a request’s own property route is what Express set', async () => {
    const { telemetry } = record();
    const app = express();
    app.use(inferometer({ telemetry }));
    app.get('/users/:id', (request, response) => {
      response.json({ path: request.route.path, methods: request.route.methods });
    });
    const { url } = await serve(app);
    expect(await (await fetch(`${url}/users/1`)).json()).toEqual({
      path: '/users/:id',
      methods: { get: true },
    });
  });
});

test('a router that keeps no patterns, as before router 2.3: names are put for the values', async () => {
  interface Layer {
    rawPath?: unknown;
    handle?: { stack?: Layer[] };
  }
  const forget = (stack: readonly Layer[]): void => {
    for (const layer of stack) {
      delete layer.rawPath;
      forget(layer.handle?.stack ?? []);
    }
  };
  const { telemetry, records } = record();
  const app = express5();
  app.use(inferometer({ telemetry }));
  const router = express5.Router();
  router.get('/:id', (_request, response) => void response.end());
  const middle = express5.Router({ mergeParams: true });
  middle.use('/v:major/*rest/end', router);
  app.use('/users/:user', middle);
  forget(app.router.stack as Layer[]);
  const { url } = await serve(app);
  for (const path of ['/users/users/v3/a/b/end/1', '/users/x%20y/v3/c/end/2']) await fetch(url + path);
  expect((await records(2)).map(seen)).toEqual(Array(2).fill('GET /users/:user/v:major/:rest/end/:id 200'));
});

test('a server without Express has no routes', async () => {
  const { telemetry, records } = record();
  const middleware = inferometer({ telemetry });
  const { url } = await serve((request, response) =>
    middleware(request, response, () => void response.end('plain')),
  );
  expect(await (await fetch(`${url}/anything`)).text()).toBe('plain');
  expect((await records(1)).map(seen)).toEqual(['GET  200']);
});
