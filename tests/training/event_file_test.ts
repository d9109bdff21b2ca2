import { assertEquals } from "@std/assert";
import { eventFileHeader, eventRecord, maskedCrc } from "../../src/training/event_file.ts";

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
