import { readFileSync } from 'node:fs';
import type { Component, Secret } from '@slipway/kernel';
import { defineSettings, type Setting } from '@slipway/platform';
import { z } from 'zod';
import type { ClientTransport } from './client.ts';
import { grpcTransport } from './grpc-transport.ts';

const address = z.string().min(1);
const text = z.string().min(1).optional();
type Text = typeof text;

type UpstreamSettings<Name extends string> = {
  readonly [Key in `${Name}.address`]: Setting<typeof address> & { readonly default: string };
} & { readonly [Key in `${Name}.ca-file`]: Setting<Text> } & {
  readonly [Key in `${Name}.token`]: Setting<Text> & { readonly secret: true };
};

/**
 * How a service reaches another one: address, token, and authorities of its certificate.
 * @param name first word of the settings, e.g. `registry`. @param what the other service, in words. @param role that the principal of the token needs.
 */
export function upstreamSettings<const Name extends string>(
  name: Name,
  what: string,
  role = 'service',
): UpstreamSettings<Name> {
  return defineSettings({
    [`${name}.address`]: { schema: address, default: '127.0.0.1:50051', doc: `Address of ${what}, host:port.` },
    [`${name}.token`]: {
      schema: text,
      doc: `Token of this service at ${what}; its principal needs the role ${role} in every workspace.`,
      secret: true,
    },
    [`${name}.ca-file`]: {
      schema: text,
      doc: `PEM authorities that the certificate of ${what} is checked with; with it the connection is encrypted.`,
    },
  }) as unknown as UpstreamSettings<Name>;
}

/** The same for a service that an installation may do without: it has no address by default. */
export function optionalUpstreamSettings<const Name extends string>(
  name: Name,
  what: string,
  without: string,
): Omit<UpstreamSettings<Name>, `${Name}.address`> & { readonly [Key in `${Name}.address`]: Setting<Text> } {
  const doc = `Address of ${what}, host:port; without it ${without}.`;
  const settings = { ...upstreamSettings(name, what), [`${name}.address`]: { schema: text, doc } };
  return settings as unknown as ReturnType<typeof optionalUpstreamSettings<Name>>;
}

/** Another service, as it is called from this process. */
export interface Upstream {
  readonly transport: ClientTransport;
  /** Closes the connection with the process. */
  readonly component: Component;
}

/** Connects at the first call, so that services may start in any order. @param config of `upstreamSettings` with that name. */
export function connectUpstream(config: { get(key: string): unknown }, name: string): Upstream {
  const authorities = config.get(`${name}.ca-file`) as string | undefined;
  const transport = grpcTransport({
    address: config.get(`${name}.address`) as string,
    token: () => (config.get(`${name}.token`) as Secret | undefined)?.reveal(),
    ...(authorities !== undefined && { tls: { ca: readFileSync(authorities) } }),
  });
  const component = {
    name: `${name} connection`,
    start: () => Promise.resolve(),
    stop: () => transport.close(),
  };
  return { transport, component };
}
