// A Flipt server for tests on loopback: serves snapshots and streams as Flipt does, and misbehaves on request.

import { createHash } from 'node:crypto';
import { Exchange, toBytes } from './exchange.mjs';
import { faults } from './faults.mjs';
import { exchangeToken } from './kubernetes.mjs';
import { Listener, peakConnections } from './listener.mjs';
import { problemOf, routeOf } from './routes.mjs';
import { StreamHub } from './stream.mjs';
import { streamFaults } from './stream-faults.mjs';

export async function startServer(options = {}) {
  const server = new FliptServer(options);
  await server.listen();
  return server;
}

class FliptServer {
  requests = [];
  #options;
  #listener;
  #authorizations;
  #states = new Map();
  #behaviours = { poll: 'serve', stream: 'serve', exchange: 'serve' };
  #exchanges = new Set();
  #streams = new StreamHub();
  #aborted = 0;
  #thawed;
  #waiters = new Set();
  #closing;

  constructor(options) {
    this.#options = {
      host: '127.0.0.1',
      port: 0,
      basePath: '',
      namespace: 'default',
      environments: ['default'],
      generation: 'v2',
      ...options,
    };
    const { token, jwt, snapshot, behaviour, streamBehaviour } = this.#options;
    const authorization = token === undefined ? jwt && `JWT ${jwt}` : `Bearer ${token}`;
    this.setAuthorizations(authorization === undefined ? undefined : [authorization]);
    if (snapshot !== undefined) {
      this.setSnapshot(snapshot);
    }
    if (behaviour !== undefined) {
      this.setBehaviour(behaviour);
    }
    if (streamBehaviour !== undefined) {
      this.setStreamBehaviour(streamBehaviour);
    }
  }

  async listen() {
    const onRequest = (request, response) => this.#receive(request, response);
    this.#listener = new Listener(this.#options, onRequest, () => this.#settle());
    await this.#listener.open();
    const { tls, host, basePath } = this.#options;
    this.port = this.#listener.port;
    this.url = `${tls ? 'https' : 'http'}://${host}:${this.port}${basePath}`;
  }

  get connections() {
    return this.#listener.size;
  }

  get connects() {
    return this.#listener.all.map(({ openedAt, closedAt, protocol, uses, peakActive }) => ({
      at: openedAt,
      closedAt,
      protocol,
      channels: [...new Set(uses.map(({ channel }) => channel))],
      peakActive,
    }));
  }

  get aborted() {
    return this.#aborted;
  }

  get openStreams() {
    return this.#streams.size;
  }

  get listeningStreams() {
    return this.#streams.listening;
  }

  get openPolls() {
    return [...this.#exchanges].filter(({ channel }) => channel === 'poll').length;
  }

  peakConnections(channel, { graceMs = 250 } = {}) {
    return peakConnections(this.#listener.all, channel, graceMs);
  }

  setSnapshot(body, { namespace = this.#options.namespace, etag, push = true } = {}) {
    const bytes = toBytes(body);
    const digest = digestOf(bytes);
    const snapshot = { body: bytes, etag: etag ?? digest, digest };
    this.#states.set(namespace, { snapshot, previous: this.#states.get(namespace)?.snapshot });
    if (push && this.#thawed === undefined) {
      this.#streams.publish(namespace, snapshot);
    }
  }

  removeNamespace(namespace = this.#options.namespace) {
    this.#states.delete(namespace);
  }

  setAuthorizations(values) {
    this.#authorizations = values && new Set(values);
  }

  setBehaviour(behaviour) {
    this.#setBehaviour('poll', behaviour);
  }

  setStreamBehaviour(behaviour) {
    this.#setBehaviour('stream', behaviour);
  }

  setExchangeBehaviour(behaviour) {
    this.#setBehaviour('exchange', behaviour);
  }

  setTls(tls) {
    this.#listener.setTls(tls);
  }

  closeStreams(how) {
    this.#streams.close(how);
  }

  pause() {
    this.#thawed ??= withResolvers();
    this.#listener.freeze();
  }

  resume() {
    this.#thawed?.resolve();
    this.#thawed = undefined;
    this.#listener.thaw();
    for (const [namespace, { snapshot }] of this.#states) {
      this.#streams.publish(namespace, snapshot);
    }
  }

  async kill(how) {
    await this.#listener.shut(how);
  }

  async restart() {
    await this.#listener.open();
  }

  waitForRequests(count, channel) {
    const found = () =>
      channel === undefined
        ? this.requests
        : this.requests.filter((request) => request.channel === channel);
    return this.waitFor(
      `request ${count}`,
      () => this.requests.length >= count && found().length >= count && found(),
    );
  }

  waitForConnections(count) {
    return this.waitFor(`${count} connections`, () => this.connections === count);
  }

  waitForStreams(count) {
    return this.waitFor(`${count} streams`, () => this.openStreams === count);
  }

  waitForAborted(count) {
    return this.waitFor(`abort ${count}`, () => this.#aborted >= count);
  }

  waitFor(what, reached) {
    const value = reached();
    if (value) {
      return Promise.resolve(value);
    }
    if (this.#closing !== undefined) {
      return Promise.reject(new Error(`the server is closed; nobody can wait for ${what}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ what, reached, resolve, reject });
    });
  }

  close() {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async #end() {
    for (const waiter of this.#waiters) {
      waiter.reject(new Error(`the server closed while waiting for ${waiter.what}`));
    }
    this.#waiters.clear();
    for (const exchange of this.#exchanges) {
      exchange.end();
    }
    this.#thawed?.resolve();
    await this.#listener.shut();
  }

  #setBehaviour(channel, behaviour) {
    this.#behaviours[channel] = Array.isArray(behaviour) ? [...behaviour] : behaviour;
  }

  async #receive(request, response) {
    const route = routeOf(request, this.#options.basePath);
    const connection = this.#listener.connectionOf(request);
    const exchange = new Exchange(request, response, {
      index: this.requests.length,
      channel: route.channel,
      connection,
      serve: () => this.#serve(exchange, route),
    });
    this.#exchanges.add(exchange);
    connection?.begin(route.channel);
    response.once('close', () => {
      connection?.end();
      this.#exchanges.delete(exchange);
      exchange.end();
      if (!response.writableFinished && !exchange.cut) {
        this.#aborted += 1;
      }
      this.#settle();
    });
    if (route.channel === 'stream') {
      exchange.stream = this.#streams.open(exchange, route);
    }
    this.requests.push({
      method: request.method,
      path: request.url,
      channel: route.channel,
      httpVersion: request.httpVersion,
      headers: request.headers,
      at: performance.now(),
    });
    this.#settle();
    if (this.#thawed !== undefined) {
      await this.#thawed.promise;
    }
    const applied = this.#apply(this.#nextBehaviour(route.channel), exchange, route);
    this.#settle();
    await applied;
  }

  #nextBehaviour(channel) {
    const behaviour = this.#behaviours[channel] ?? this.#behaviours.poll;
    if (!Array.isArray(behaviour)) {
      return behaviour;
    }
    return behaviour.length > 1 ? behaviour.shift() : behaviour[0];
  }

  async #apply(behaviour, exchange, route) {
    if (typeof behaviour === 'function') {
      const chosen = await behaviour(exchange);
      return chosen === undefined ? undefined : this.#apply(chosen, exchange, route);
    }
    const { name, ...parameters } = typeof behaviour === 'string' ? { name: behaviour } : behaviour;
    if (name === 'serve') {
      return exchange.serve();
    }
    const state = this.#states.get(route.namespace) ?? {};
    if (exchange.stream !== undefined && name in streamFaults) {
      return streamFaults[name](exchange.stream, parameters, state);
    }
    if (!(name in faults)) {
      throw new Error(`there is no behaviour named ${name}`);
    }
    return faults[name](exchange, parameters, state.snapshot);
  }

  #serve(exchange, route) {
    const { generation, environments, kubernetes } = this.#options;
    const { request } = exchange;
    if (route.channel === 'exchange' && kubernetes !== undefined) {
      return exchangeToken(exchange, kubernetes, (token) => {
        this.#authorizations = (this.#authorizations ?? new Set()).add(`Bearer ${token}`);
      });
    }
    if (generation === 'v1' && route.isClientPath) {
      return exchange.respond(404, { 'content-type': 'text/plain' }, '404 page not found\n');
    }
    const asked = { authorizations: this.#authorizations, environments };
    const problem = problemOf(request, route, asked);
    if (problem !== undefined) {
      return exchange.json(...problem);
    }
    const { snapshot } = this.#states.get(route.namespace) ?? {};
    if (exchange.stream !== undefined) {
      return exchange.stream.listen(snapshot);
    }
    if (snapshot === undefined) {
      const text = `evaluation snapshot for namespace "${route.namespace}" not found`;
      return exchange.json(404, 5, text);
    }
    if (request.headers['if-none-match'] === snapshot.etag) {
      return exchange.respond(304, { etag: snapshot.etag });
    }
    const headers = { 'content-type': 'application/json', etag: snapshot.etag };
    return exchange.respond(200, headers, snapshot.body);
  }

  #settle() {
    for (const waiter of this.#waiters) {
      const value = waiter.reached();
      if (value) {
        this.#waiters.delete(waiter);
        waiter.resolve(value);
      }
    }
  }
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The body's own digest as v2 has it, else a hash of the bytes as v1 sends it. */
function digestOf(bytes) {
  try {
    const { digest } = JSON.parse(bytes.toString());
    if (typeof digest === 'string' && digest !== '') {
      return digest;
    }
  } catch {
    // Not JSON: a body that a test serves on purpose.
  }
  return createHash('sha1').update(bytes).digest('hex');
}
