import { createHash, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/**
 * A self-signed certificate that only the lab's own browser trusts, by the hash of its key
 * (`--ignore-certificate-errors-spki-list`). So one certificate serves for all hosts.
 */
export type Certificate = { readonly key: string; readonly cert: string; readonly spki: string };

export const createCertificate = async (...hosts: readonly string[]): Promise<Certificate> => {
  const altNames = hosts.map((value) => ({ type: 2 as const, value }));
  const { private: key, cert } = await generate([{ name: 'commonName', value: hosts[0] ?? 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  const der = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return { key, cert, spki: createHash('sha256').update(der).digest('base64') };
};
