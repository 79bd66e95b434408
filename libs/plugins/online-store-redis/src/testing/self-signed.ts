import { generateKeyPairSync, sign } from 'node:crypto';

type Bytes = Uint8Array;

/** Tag, length and content of ASN.1's DER. */
function der(tag: number, ...parts: readonly Bytes[]): Bytes {
  const content = Buffer.concat(parts);
  const length =
    content.length < 128
      ? [content.length]
      : content.length < 256
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}

const sequence = (...parts: readonly Bytes[]): Bytes => der(0x30, ...parts);
const identifier = (hex: string): Bytes => der(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Bytes => der(0x0c, Buffer.from(value));
const bits = (value: Bytes): Bytes => der(0x03, Uint8Array.of(0), value);
/** GeneralizedTime: 20260101000000Z. */
const time = (date: Date): Bytes => der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
const pem = (bytes: Bytes): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;

/** A certificate for 127.0.0.1 that signs itself, valid from yesterday for a year, and its key, both PEM; layout of RFC 5280. */
export function selfSigned(): { readonly certificate: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
  const name = sequence(der(0x31, sequence(identifier('550403'), text('slipway test')))); // common name
  const now = Date.now();
  const validity = sequence(time(new Date(now - 86_400_000)), time(new Date(now + 365 * 86_400_000)));
  const address = der(0x04, sequence(der(0x87, Uint8Array.of(127, 0, 0, 1))));
  const extensions = der(0xa3, sequence(sequence(identifier('551d11'), address))); // subject alternative name
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))), // version 3
    der(0x02, Uint8Array.of(1)), // serial number
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  );
  const certificate = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, privateKey)));
  return { certificate: pem(certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
