import { describe, expect, it } from 'vitest';
import { parseConfig as parse } from './config.ts';

describe('settings', () => {
  it('have defaults and take text', () => {
    expect(parse({})).toEqual({
      address: '127.0.0.1:6379',
      tls: false,
      keyPrefix: 'slipway',
      database: 0,
      requestTimeoutMs: 5_000,
      reconnectDelayMsMax: 2_000,
    });
    const all = { address: '[::1]:7000', user: 'u', passwordFile: '/p', tls: 'true', tlsCaFile: '/ca', database: '3' };
    expect(parse(all)).toMatchObject({ ...all, tls: true, database: 3 });
  });

  it.each([
    [{ address: 'redis://host:6379' }, 'address'],
    [{ address: 'host' }, 'address'],
    [{ address: 'host:65536' }, 'address'],
    [{ keyPrefix: '' }, 'keyPrefix'],
    [{ user: 'u' }, 'passwordFile'],
    [{ tlsCaFile: '/ca' }, 'tlsCaFile'],
    [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
    [{ password: 'in the clear' }, 'password'],
  ])('refuse %j and name the setting', (raw, name) => {
    expect(() => parse(raw)).toThrow(name);
    expect(() => parse(raw)).not.toThrow('in the clear');
  });

  it('name every problem', () => {
    expect(() => parse({ address: 'host', database: -1, keyPrefix: ' ' })).toThrow(
      /online-store\.redis\.address.*online-store\.redis\.keyPrefix.*online-store\.redis\.database/s,
    );
  });
});
