import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../src/ground/words/input_error.ts";
import { assertRefused, parts } from "../assert_refused.ts";
import { withFolder } from "../core/model/save_model.ts";
import {
  eventFileHeader,
  eventRecord,
  maskedCrc,
  MonitorOutputs,
} from "../../src/training/event_file.ts";

Deno.test("maskedCrc() is the CRC-32C of RFC 3720, masked as TFRecord masks it", () => {
  // RFC 3720, B.4: 32 bytes of zeros have the CRC 8a9136aa.
  const crc = 0x8a9136aa;
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  assertEquals(maskedCrc(new Uint8Array(32)), masked);
});

Deno.test("eventRecord() writes the bytes that TensorFlow writes", async () => {
  const golden = await Deno.readTextFile(
    new URL("../../fixtures/golden/event_file.hex", import.meta.url),
  );
  const row = { step: 300, loss: 0.5, gradientNorm: NaN, updateRatio: null, learningRate: 0.01 };
  const bytes = [...eventFileHeader(1.5), ...eventRecord(row, 2.5)];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assertEquals(hex, golden.trim());
});

Deno.test("MonitorOutputs rejects a file that cannot be written, and goes on without one that is lost", async () => {
  await withFolder(async (folder) => {
    const expected = "a place for the file of the monitor";
    const log = `${folder}/a/log.jsonl`;
    const found = `"${log}", which cannot be written (there is no such folder)`;
    assertRefused(() => new MonitorOutputs({ log }), parts("options.log", found, expected));
    assertThrows(() => new MonitorOutputs({ log: folder }), InputError, "(it is a folder");
    await Deno.writeTextFile(`${folder}/file`, "");
    const place = { tensorBoard: `${folder}/file` };
    assertThrows(() => new MonitorOutputs(place), InputError, "options.tensorBoard is");
    await Deno.mkdir(`${folder}/a`);
    const tensorBoard = `${folder}/runs`;
    const outputs = new MonitorOutputs({ log, tensorBoard });
    outputs.add({ step: 1, loss: 2 });
    assertEquals(await Deno.readTextFile(log), '{"step":1,"loss":2}\n');
    await Deno.remove(`${folder}/a`, { recursive: true });
    const { error } = console;
    const said: string[] = [];
    console.error = (line: string) => void said.push(line);
    try {
      for (const step of [2, 3]) outputs.add({ step, loss: 1 });
    } finally {
      console.error = error;
    }
    const [message, ...others] = said;
    assertEquals(others, []);
    assertStringIncludes(
      message,
      `after step 2: ${log} cannot be written (there is no such folder)`,
    );
    const [{ name }] = Deno.readDirSync(tensorBoard);
    const events = await Deno.readFile(`${tensorBoard}/${name}`);
    assertEquals(
      events.length,
      eventFileHeader(0).length + 3 * eventRecord({ step: 1, loss: 2 }, 0).length,
    );
  });
});

Deno.test("two monitors that begin in one second write two event files", async () => {
  await withFolder((tensorBoard) => {
    for (let i = 0; i < 2; i++) new MonitorOutputs({ tensorBoard });
    assertEquals([...Deno.readDirSync(tensorBoard)].length, 2);
    return Promise.resolve();
  });
});
