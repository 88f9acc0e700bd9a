"""All cases: what trains, samples or loads, of ours and of the peers'. Both sides have equally many parameters."""
import functools

from peers import ALLOCATORS, one_with, product, torch_variants
from running import case
from workshop import parameters

UNET = ("plugin: model.unet, channels: {}, multipliers: [1, 2, 2, 2], blocks: 2, attention: [16], groups: 8, "
        "eps: 1.0e-5, execution: compiled")
CONDITIONAL = ("plugin: model.unet, channels: 32, multipliers: [1, 2, 2], blocks: 1, attention: [16], groups: 8, "
               "eps: 1.0e-5, condition: [low], padding: [zeros, circular], execution: compiled")
MLP = "plugin: model.mlp, hidden: [128, 128, 128], time_features: 32"
ADAMW = "plugin: trainer.adamw, rate: 1.0e-4, beta1: 0.95, weight_decay: 1.0e-6, clip: 1"
LAYOUTS = ("nchw", "nhwc")


def training(p):
    return torch_variants(p, ("fp32", "bf16"), LAYOUTS)


class cases:
    """makers: {name: what makes this case}. One raises `failed` when no program can make what its case needs."""

    def __init__(self, shop, programs):
        self.shop, self.programs = shop, programs
        self.colour = functools.cache(lambda: shop.images("colour", 4000, 3))
        self.grey = functools.cache(lambda: shop.images("grey", 60000, 1))
        self.unet = functools.cache(self.unet)
        bind = functools.partial
        self.makers = {}
        for c in (32, 64):
            self.makers |= {f"unet_train_{c}": bind(self.unet_train, c), f"unet_sample_{c}": bind(self.unet_sample, c),
                            f"onnxruntime_sample_{c}": bind(self.exported, c, "onnxruntime", ("fp32",)),
                            f"openvino_sample_{c}": bind(self.exported, c, "openvino", ("fp32", "bf16"))}
        self.makers |= {"diffusers_train": self.diffusers, "conditional_train": self.conditional, "mlp_train": self.mlp,
                        "batches_32": bind(self.batches, 32), "batches_128": bind(self.batches, 128),
                        "batches_gzip_128": self.packed_batches}

    def agree(self, train, *script):
        """Compares the numbers of parameters, where there is a peer."""
        if any(p.has("torch") for p in self.programs):
            ours, theirs = parameters(train), int(one_with(self.programs, "torch").call(*script))
            assert ours == theirs, f"{ours} parameters beside {theirs}"

    def unet(self, channels):
        train = self.shop.training(f"unet_{channels}", self.colour(), UNET.format(channels))
        self.agree(train, "unet.py", "--count", 1, "--channels", channels)
        return train

    def unet_train(self, channels):
        return case(f"unet_train_{channels}", "steps/s", "unet.py", ["torch"], training,
                    ["--channels", channels], self.unet(channels))

    def unet_sample(self, channels):
        variants = lambda p: torch_variants(p, ("fp32", "bf16", "bf16w"), LAYOUTS, before_2=("", "jit"))
        return case(f"unet_sample_{channels}", "calls/s", "unet.py", ["torch"], variants,
                    ["--mode", "sample", "--batch", 16, "--channels", channels],
                    self.shop.sampling(f"unet_{channels}", self.unet(channels)), per_step=2)

    def exported(self, channels, engine, precisions):
        one_with(self.programs, engine)
        file = self.shop.folder / f"unet_{channels}.onnx"
        if not file.exists():
            one_with(self.programs, "torch", "onnx").call("unet.py", "--mode", "export", "--batch", 16, "--channels",
                                                          channels, "--out", file)
        variants = lambda p: product(precisions, ("t1", "t2"), ALLOCATORS)
        return case(f"{engine}_sample_{channels}", "calls/s", "exported.py", [engine], variants,
                    ["--file", file, "--engine", engine],
                    self.shop.sampling(f"unet_{channels}", self.unet(channels)), per_step=2)

    def diffusers(self):
        """Without diffusers nobody makes the network that ours reads."""
        folder = self.shop.folder / "unet_diffusers"
        theirs = int(one_with(self.programs, "torch", "diffusers").call("unet_diffusers.py", "--save", folder))
        model = f"plugin: model.unet, from: {folder}, execution: compiled"
        train = self.shop.training("diffusers", self.colour(), model, trainer=ADAMW)
        assert parameters(train) == theirs, f"{parameters(train)} parameters beside {theirs}"
        return case("diffusers_train", "steps/s", "unet_diffusers.py", ["torch", "diffusers"], training, run=train)

    def conditional(self):
        """Two fields and their coarse means; the second axis is periodic."""
        train = self.shop.training("conditional", self.shop.made("random_fields", 10000), CONDITIONAL,
                                   scaled="plugin: transform.standardise, per: channel, fields: [x0, low]",
                                   read="read: {x: x, low: low}")
        network = ["--condition", 2, "--colours", 2, "--multiples", "1,2,2", "--blocks", 1]
        self.agree(train, "unet.py", "--count", 1, *network)
        return case("conditional_train", "steps/s", "unet.py", ["torch"], training, network, train)

    def mlp(self):
        train = self.shop.training("mlp", self.shop.made("swiss_roll", 60000), MLP, batch=512, T=200,
                                   scaled="plugin: transform.standardise")
        variants = lambda p: torch_variants(p, ("fp32", "bf16"), before_2=("", "jit"), threads=("t1", "t2"))
        return case("mlp_train", "steps/s", "mlp.py", ["torch"], variants, run=train, count=300)

    def batches(self, batch):
        variants = lambda p: product(("plain", "inplace"), ("t1", "t2"), ALLOCATORS)
        return case(f"batches_{batch}", "images/s", "loader.py", ["torch"], variants, ["--batch", batch],
                    rate=self.shop.batches(self.grey(), batch))

    def packed_batches(self):
        """Rows in a shuffled order out of compressed chunks."""
        file = self.shop.packed_images("packed", 60000)
        variants = lambda p: product(("plain", "inplace"), ("w0", "w2"), ("", "cached"), ("t1", "t2"), ALLOCATORS)
        return case("batches_gzip_128", "images/s", "loader.py", ["torch", "h5py"], variants, ["--file", file],
                    rate=self.shop.batches(file, 128))
