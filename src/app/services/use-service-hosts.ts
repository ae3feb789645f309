// Whom the page sends what describes photos: told wherever it is promised that they stay on the device.
import { useApp, useWords } from '../app.ts';

/** Hosts in words; empty where there are none. */
export function useServiceHosts(): string {
  const { engine } = useApp();
  const { language } = useWords();
  const hosts = engine.services.list.value.map(({ address }) => new URL(address).host);
  return [...new Set(hosts)].join(language === 'zh' ? '、' : ', ');
}
