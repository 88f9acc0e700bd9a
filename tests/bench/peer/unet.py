"""Training steps of a DDPM U-Net, or network calls of a sampler. The word `jit` samples with a traced, frozen network."""
import torch
from torch.nn import functional as F

from common import arguments, diffusion, layout, precision, report
from network import unet

args = arguments(mode="train", channels=32, size=32, colours=3, batch=32, multiples="1,2,2,2", groups=8, count=0)
process = diffusion()
model = unet(args.colours, args.channels, [int(m) for m in args.multiples.split(",")], args.groups)
model = layout(args, model)
if args.count:
    print(sum(p.numel() for p in model.parameters()))
    raise SystemExit

if args.mode == "train":
    data = torch.randint(0, 256, (10000, args.colours, args.size, args.size), dtype=torch.uint8)
    optimizer = torch.optim.Adam(model.parameters(), 2e-4)

    def step():
        t, noise, xt = process.jump(data[torch.randint(0, len(data), (args.batch,))].float() / 127.5 - 1)
        with precision(args):
            loss = F.mse_loss(model(layout(args, xt), t).float(), noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    report(args, step, "steps/s", warm=2)
else:
    model.eval()
    x = layout(args, torch.randn(args.batch, args.colours, args.size, args.size))
    with torch.no_grad(), precision(args):
        if "jit" in args.words:
            model = torch.jit.freeze(torch.jit.trace(model, (x, torch.zeros(args.batch, dtype=torch.long)), check_trace=False))
        i = process.steps - 1

        def step():  # DDIM (Song et al. 2021, eq. 12), eta 0
            global x, i
            epsilon = model(x, torch.full((args.batch,), i)).float()
            x0 = ((x - process.spread[i] * epsilon) / process.keep[i]).clamp(-1, 1)
            i = i - 1 if i > 0 else process.steps - 1
            x = process.keep[i] * x0 + process.spread[i] * epsilon

        report(args, step, "calls/s", warm=2)
