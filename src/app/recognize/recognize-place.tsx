// The place where photos are recognized: the drop panel and, once there are any, the photos.
import { useApp } from '../app.ts';
import { HistorySection } from '../history/history-section.tsx';
import { DropPanel } from './drop-panel.tsx';
import { PhotoList } from './photo-list.tsx';

export function RecognizePlace() {
  const { queue } = useApp();
  return (
    <>
      <DropPanel />
      {queue.items.value.length > 0 && <PhotoList />}
      <HistorySection />
    </>
  );
}
