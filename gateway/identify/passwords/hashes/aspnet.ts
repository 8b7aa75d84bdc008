import { randomBytes } from 'node:crypto';
import { decode, encode } from './encoding.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import type { StoredHash } from './stored-hash.ts';

/** `KeyDerivationPrf` of .NET, by its numbers. */
const DIGESTS: readonly Pbkdf2Digest[] = ['sha1', 'sha256', 'sha512'];

/** Version 2: a marker, and salt and digest of fixed lengths and rounds. */
const V2 = { marker: 0, rounds: 1000, saltAt: 1, digestAt: 17, length: 49 };
/** Version 3: a marker, three numbers of 32 bits (digest, rounds, bytes of salt), salt and digest. */
const V3 = { marker: 1, digestAt: 1, roundsAt: 5, saltBytesAt: 9, saltAt: 13 };
/** `PasswordHasher` takes no shorter salts and digests. */
const SHORTEST = 16;

/** Parses the base64 that `PasswordHasher` of ASP.NET Core Identity writes; version 2 is that of ASP.NET Identity, too. */
export function readAspnet(text: string): StoredHash | null {
  const bytes = decode(text, 'base64');
  if (bytes === null) return null;
  if (bytes[0] === V2.marker && bytes.length === V2.length) return readVersion2(bytes);
  if (bytes[0] === V3.marker && bytes.length >= V3.saltAt + 2 * SHORTEST) return readVersion3(bytes);
  return null;
}

function readVersion2(bytes: Buffer): StoredHash | null {
  return aspnetHash('ASP.NET Identity v2', 'sha1', V2.rounds, bytes, V2.saltAt, V2.digestAt);
}

function readVersion3(bytes: Buffer): StoredHash | null {
  const digest = DIGESTS[bytes.readUInt32BE(V3.digestAt)];
  const digestAt = V3.saltAt + bytes.readUInt32BE(V3.saltBytesAt);
  if (digest === undefined || digestAt < V3.saltAt + SHORTEST || digestAt > bytes.length - SHORTEST) return null;
  const rounds = bytes.readUInt32BE(V3.roundsAt);
  return aspnetHash(`ASP.NET Identity v3 ${digest}`, digest, rounds, bytes, V3.saltAt, digestAt);
}

function aspnetHash(
  format: string,
  digest: Pbkdf2Digest,
  rounds: number,
  bytes: Buffer,
  saltAt: number,
  digestAt: number,
): StoredHash | null {
  const salt = bytes.subarray(saltAt, digestAt);
  const expected = bytes.subarray(digestAt);
  return pbkdf2Hash({
    format,
    digest,
    rounds,
    salt,
    expected,
    length: expected.length,
    decoyWith: (drawn) => encode(Buffer.concat([bytes.subarray(0, saltAt), randomBytes(salt.length), drawn]), 'base64'),
  });
}
