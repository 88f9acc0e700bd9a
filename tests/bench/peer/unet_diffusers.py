"""Training steps of a small UNet2DModel of diffusers, as the loop of its unconditional training example makes them:
add_noise, forward, mse, backward, clip, AdamW. --save FOLDER writes the network instead, and prints the number of its
parameters.
"""
import torch
from diffusers import DDPMScheduler, UNet2DModel

from common import arguments, compiled, layout, optimizer, precision, report

args = arguments(batch=32, save="")
model = UNet2DModel(sample_size=32, block_out_channels=(32, 64, 64), layers_per_block=1, norm_num_groups=8,
                    down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
                    up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"))
if args.save:
    model.save_pretrained(args.save)
    print(model.num_parameters())
    raise SystemExit

model = layout(args, model)
network = compiled(args, model)
scheduler = DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")
data = torch.randint(0, 256, (10000, 3, 32, 32), dtype=torch.uint8)
descent = optimizer(torch.optim.AdamW, model, 1e-4, betas=(0.95, 0.999), weight_decay=1e-6, eps=1e-8)


def step():
    clean = data[torch.randint(0, len(data), (args.batch,))].float() / 127.5 - 1
    noise, t = torch.randn_like(clean), torch.randint(0, 1000, (args.batch,))
    with precision(args):
        output = network(layout(args, scheduler.add_noise(clean, noise, t)), t).sample
        loss = torch.nn.functional.mse_loss(output.float(), noise)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    descent.step()
    descent.zero_grad()


report(args, step, "steps/s", warm=2)
