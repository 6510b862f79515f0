import { UnavailableError } from 'neardict';

/**
 * What is tested: it reads one setting, and knows what to do without it.
 *
 * @param {import('neardict').NearDict<{ greeting: string }>} settings
 */
export async function greeting(settings) {
  try {
    return `${await settings.get('greeting')}!`;
  } catch (error) {
    if (error instanceof UnavailableError) return 'Hello!';
    throw error;
  }
}
