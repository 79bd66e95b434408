const ENCODER = new TextEncoder();

/** The bytes of a text; unpaired surrogates become U+FFFD. All our hashes of texts are hashes of these bytes. */
export const utf8 = (text: string): Uint8Array => ENCODER.encode(text);
