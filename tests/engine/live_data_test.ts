import { assertEquals } from "@std/assert";
import { trackLiveData } from "../../src/engine/live_data.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";

Deno.test("trackLiveData() moves what was written and not deleted since", () => {
  const dataIdMap = new Map<object, unknown>();
  const [kept, deleted, replaced] = [{}, {}, {}];
  const moved: unknown[][] = [];
  const engine = {
    findBackend: (name: string) => name,
    state: { tensorInfo: { has: () => true } },
    moveData: (backend: string, dataId: object) => {
      moved.push([backend, dataId]);
      dataIdMap.delete(dataId);
    },
  };
  const live = trackLiveData(
    { engine: () => engine } as unknown as TensorFlow,
    { dataIdMap } as unknown as Parameters<typeof trackLiveData>[1],
  );
  for (const dataId of [kept, deleted, replaced]) dataIdMap.set(dataId, 1);
  dataIdMap.delete(deleted);
  dataIdMap.set(replaced, 2);
  assertEquals(dataIdMap.size, 2);
  live.moveToCpu();
  assertEquals(moved, [["cpu", kept], ["cpu", replaced]]);
  assertEquals(dataIdMap.size, 0);
  live.moveToCpu();
  assertEquals(moved.length, 2);
});
