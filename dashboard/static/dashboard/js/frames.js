// From the preview to JPEG frames: 640x480, as the preview shows it, never above the byte limit.

const WIDTH = 640;
const HEIGHT = 480;
const QUALITIES = [0.9, 0.75, 0.6, 0.4];

export class FrameSource {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  /** Return the current picture as a JPEG Blob of at most `maxBytes`, null if there is none yet. */
  async take(maxBytes) {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    // Cut to 4:3 around the middle, as the preview's object-fit does.
    const scale = Math.max(WIDTH / videoWidth, HEIGHT / videoHeight);
    const width = WIDTH / scale;
    const height = HEIGHT / scale;
    const left = (videoWidth - width) / 2;
    const top = (videoHeight - height) / 2;
    this.context.drawImage(this.video, left, top, width, height, 0, 0, WIDTH, HEIGHT);
    for (const quality of QUALITIES) {
      const blob = await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= maxBytes) return blob;
    }
    return null;
  }
}
