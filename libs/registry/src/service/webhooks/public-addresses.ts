import { BlockList, isIP } from 'node:net';

/** Not of the public internet, or a cloud's own: special-purpose registries of IANA (RFC 6890), and the metadata address of Azure. */
const FORBIDDEN_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** All that is global unicast; mapped, translated, local and multicast addresses are outside of it. */
const GLOBAL_V6 = '2000::/3';
/** Tunnels that carry an IPv4 address (Teredo, 6to4), and documentation. */
const FORBIDDEN_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOfNets(nets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address = '', bits] = net.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const forbiddenV4 = listOfNets(FORBIDDEN_V4, 'ipv4');
const globalV6 = listOfNets([GLOBAL_V6], 'ipv6');
const forbiddenV6 = listOfNets(FORBIDDEN_V6, 'ipv6');

/** Whether an IP address is one of the public internet. @param address as a resolver or a parsed URL gives it, without brackets. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !forbiddenV4.check(address, 'ipv4');
  if (family === 6) return globalV6.check(address, 'ipv6') && !forbiddenV6.check(address, 'ipv6');
  return false;
}
