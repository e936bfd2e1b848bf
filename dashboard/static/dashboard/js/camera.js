// The camera as the browser gives it. Failures come out as one of four words that the page explains.

// The contract asks for 640x480; a camera that has only other sizes is scaled by frames.js.
const WANTED = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" };

const PROBLEMS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class CameraProblem extends Error {
  /** @param {"denied"|"missing"|"busy"|"insecure"} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Open a camera; without a device id the browser's own choice. */
export async function openCamera(deviceId = "") {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraProblem("insecure");
  const video = deviceId ? { ...WANTED, deviceId: { exact: deviceId } } : WANTED;
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new CameraProblem(PROBLEMS[error.name] ?? "busy");
  }
}

/** List the cameras; their names are known only once one was allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput" && device.deviceId);
}

export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
