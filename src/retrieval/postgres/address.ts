// Addresses of PostgreSQL, with the one parameter that is ours.
import { CairnError } from '../../errors.ts';

/** What `--collection postgres://…` says. */
export interface PostgresAddress {
  /** For the driver, without the parameter that is ours. */
  readonly connection: string;
  /** Of `?collection=NAME`; null where it is left out. */
  readonly collection: string | null;
  /** For messages: without a password. */
  readonly shown: string;
}

export function isPostgresAddress(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/** Throws `usage` for what is no address of PostgreSQL. */
export function parseAddress(text: string): PostgresAddress {
  // Without a host, which a unix socket needs none of, URL refuses user and password: a stand-in is put there.
  const hostless = /^(postgres(?:ql)?:\/\/[^/]*@)\//i;
  const stand = 'socket.invalid';
  let url: URL;
  try {
    if (!isPostgresAddress(text)) throw new TypeError('another scheme');
    url = new URL(text.replace(hostless, `$1${stand}/`));
  } catch (cause) {
    throw new CairnError(
      'usage',
      'That is no address of a PostgreSQL database.',
      'Give postgres://USER@HOST/DATABASE, with ?collection=NAME where it holds several.',
      { cause },
    );
  }
  // Else the stand-in would leave no slash behind it, and the driver knows no address without one.
  if (url.hostname === stand && url.pathname === '') url.pathname = '/';
  const collection = url.searchParams.get('collection');
  url.searchParams.delete('collection');
  const connection = url.href.replace(stand, '');
  for (const secret of ['password', 'sslpassword']) url.searchParams.delete(secret);
  url.password = '';
  return { connection, collection, shown: url.href.replace(stand, '') };
}
