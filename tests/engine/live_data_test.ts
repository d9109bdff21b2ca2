import { assertEquals } from "@std/assert";
import { trackLiveData } from "../../src/engine/heap/live_data.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";

/** A backend that keeps numbers in a map, and a TensorFlow.js that knows where each lies. */
function subject() {
  const dataIdMap = new Map<object, { value: number; shape: number[]; dtype: string }>();
  const backend = {
    dataIdMap,
    readSync: (dataId: object) => [dataIdMap.get(dataId)?.value],
    refCount: () => 3,
    disposeData: (dataId: object) => dataIdMap.delete(dataId),
  };
  const moved: unknown[][] = [];
  const cpu = { move: (...args: unknown[]) => moved.push(args) };
  const tensorInfo = new Map<object, { backend: unknown; shape: number[]; dtype: string }>();
  const engine = { findBackend: () => cpu, state: { tensorInfo } };
  const live = trackLiveData(
    { engine: () => engine } as unknown as TensorFlow,
    backend as unknown as Parameters<typeof trackLiveData>[1],
  );
  const write = (dataId: object, value: number) => {
    const of = { shape: [1], dtype: "float32" };
    dataIdMap.set(dataId, { value, ...of });
    tensorInfo.set(dataId, { backend, ...of });
  };
  return { backend, cpu, dataIdMap, live, moved, tensorInfo, write };
}

Deno.test("trackLiveData() moves what was written and not deleted since", () => {
  const { cpu, dataIdMap, live, moved, tensorInfo, write } = subject();
  const kept = {};
  const deleted = {};
  const replaced = {};
  const unknown = {};
  for (const dataId of [kept, deleted, replaced]) write(dataId, 1);
  dataIdMap.set(unknown, { value: 1, shape: [1], dtype: "float32" });
  dataIdMap.delete(deleted);
  write(replaced, 2);
  live.moveToCpu();
  assertEquals(moved, [[kept, [1], [1], "float32", 3], [replaced, [2], [1], "float32", 3]]);
  assertEquals([...dataIdMap.keys()], [unknown]);
  assertEquals([kept, replaced].map((id) => tensorInfo.get(id)?.backend), [cpu, cpu]);
  live.moveToCpu();
  assertEquals(moved.length, 2);
});

Deno.test("trackLiveData() moves everything off a backend that throws, as NaN what it cannot read", () => {
  const { backend, cpu, live, moved, tensorInfo, write } = subject();
  const first = {};
  const second = {};
  write(first, 1);
  write(second, 2);
  const { readSync } = backend;
  backend.readSync = (dataId) => {
    if (dataId === first) throw new Error("memory access out of bounds");
    return readSync(dataId);
  };
  backend.disposeData = () => {
    throw new Error("memory access out of bounds");
  };
  live.moveToCpu();
  const nan = new Float32Array([NaN]);
  assertEquals(moved, [[first, nan, [1], "float32", 3], [second, [2], [1], "float32", 3]]);
  assertEquals([first, second].map((id) => tensorInfo.get(id)?.backend), [cpu, cpu]);
});
