// Reads codes with the camera, where the browser can.

import { sleep } from "../clock.js";

export const canScan = "BarcodeDetector" in globalThis && Boolean(navigator.mediaDevices);

// The same code is not reported again within so many milliseconds: it is still in front of the camera.
const SAME = 4000;

// Shows the camera in a video and reports the codes it sees, until the signal.
export async function scan(video, signal, found) {
	const detector = new BarcodeDetector({ formats: ["qr_code"] });
	const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
	const stop = () => stream.getTracks().forEach((track) => track.stop());
	signal.addEventListener("abort", stop, { once: true });
	if (signal.aborted) return stop();
	video.srcObject = stream;
	await video.play();
	let [last, at] = ["", 0];
	while (!signal.aborted) {
		const [code] = await detector.detect(video).catch(() => []);
		if (code && (code.rawValue !== last || Date.now() - at > SAME)) {
			[last, at] = [code.rawValue, Date.now()];
			await found(code.rawValue);
		}
		await sleep(150, signal).catch(() => {});
	}
}
