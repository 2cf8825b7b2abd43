"""Prompts exactly as the program renders them (docs/method.md section 1, style `paper`)."""

BEFORE_IMAGE = "USER: "
VQA = "\nQuestion: {} Answer the question briefly using one or a few words. ASSISTANT:"
OCR = "\nPlease transcribe the text inside the blue box. Output text only. ASSISTANT:"
CAPTION = "\nDescribe the image in one sentence. ASSISTANT:"
RETRIEVAL = ("\nCandidate: {} Does the candidate correctly describe the image? "
             "Answer exactly Yes or No. ASSISTANT:")

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}")


def draw_blue_box(pixels, box):
    """Paints the 3 px blue box (docs/benchmark.md section 2.6) on an array height x width x 3, in
    place."""
    height, width = pixels.shape[:2]
    x, y, w, h = box
    x0, y0 = max(0, int(x // 1)), max(0, int(y // 1))
    x1, y1 = min(width, int(-((-x - w) // 1))) - 1, min(height, int(-((-y - h) // 1))) - 1
    top, bottom, left, right = max(0, y0 - 1), min(height - 1, y1 + 1), max(0, x0 - 1), min(width - 1, x1 + 1)
    inner = pixels[y0 + 2:max(y0 + 2, y1 - 1), x0 + 2:max(x0 + 2, x1 - 1)].copy()
    pixels[top:bottom + 1, left:right + 1] = (0, 0, 255)
    pixels[y0 + 2:y0 + 2 + inner.shape[0], x0 + 2:x0 + 2 + inner.shape[1]] = inner
    return pixels
