import { flags } from '../lib/flags';

export const dynamic = 'force-dynamic';

/** A server component. */
export default async function Page() {
  const client = await flags();
  const user = { targetingKey: 'ada', plan: 'premium' };
  return <p>{client.getBooleanValue('new-checkout', false, user) ? 'new' : 'old'}</p>;
}
