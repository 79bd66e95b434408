import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './public-addresses.ts';

describe('public addresses', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.215.14',
    '172.15.255.255',
    '172.32.0.0',
    '2606:4700:4700::1111',
    '2a00:1450::1',
  ])('takes %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    [
      '0.0.0.0',
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.255.254',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    [
      '192.168.1.1',
      '192.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.7',
      '203.0.113.7',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ['168.63.129.16', '::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', 'fe80::1'],
    ['fc00::1', 'fd00:ec2::254', 'ff02::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', 'fe80::1%eth0'],
    ['', 'localhost', '2130706433', '127.1', '0x7f000001', '[::1]'],
  ])('refuses %s, %s, %s and the like', (...addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it('refuses for all IPv4 addresses every form that IPv6 has for them', () => {
    const part = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(part, part, part, part, (...parts) => {
        const dotted = parts.join('.');
        const forms = [`::ffff:${dotted}`, `::${dotted}`, `64:ff9b::${dotted}`, `::ffff:0:${dotted}`];
        expect(forms.filter(isPublicAddress)).toEqual([]);
      }),
    );
  });
});
