// The worker that finds QR codes in pictures: zxing-cpp as WebAssembly. It fetches nothing but its own binary.

importScripts("/zxing.js");

ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => "/zxing_reader.wasm" }, fireImmediately: true });

/** Pixels: larger pictures are made smaller first. */
const LARGEST = 16_000_000;

/** A frame of a camera comes again in a moment; a picture does not. */
const FRAME = { formats: ["QRCode"], tryHarder: true, tryRotate: true, tryInvert: false, tryDownscale: false, maxNumberOfSymbols: 4 };
const PICTURE = { ...FRAME, tryInvert: true, tryDownscale: true, maxNumberOfSymbols: 16 };

onmessage = async ({ data: { id, bitmap, frame } }) => {
  try {
    const found = await ZXingWASM.readBarcodes(pixels(bitmap), frame ? FRAME : PICTURE);
    postMessage({ id, texts: found.filter((code) => code.isValid).map((code) => code.text) });
  } catch {
    postMessage({ id, failed: true });
  }
};

function pixels(bitmap) {
  const scale = Math.min(1, Math.sqrt(LARGEST / (bitmap.width * bitmap.height)));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.floor(side * scale)));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  // A see-through picture is meant for white paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
