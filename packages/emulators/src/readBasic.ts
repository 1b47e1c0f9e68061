/** The name and the secret of `Authorization: Basic`, decoded from Base64 only: form-encoding is kept. */
export function readBasic(request: Request): { name: string; secret: string } | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (!encoded) return undefined;
  const [name = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { name, secret: secret.join(':') };
}
